"""The callbacks inside the real packages, where those are installed."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import unittest
import warnings

import torch
import torch.nn.functional as F
from torch import nn

import dense  # noqa: F401  (finds the package)

import basin
from test_runs import events


def has(*names):
    return all(importlib.util.find_spec(name) is not None for name in names)


def loader(batch=4):
    generator = torch.Generator().manual_seed(0)
    X = torch.randn(24, 4, generator=generator)
    data = torch.utils.data.TensorDataset(X, (X[:, 0] > 0).long())
    return torch.utils.data.DataLoader(data, batch_size=batch, shuffle=True)


class Lazy(unittest.TestCase):
    def test_neither_package_is_imported_until_asked_for(self):
        import subprocess

        code = "import sys, basin; print([m for m in ('lightning', 'pytorch_lightning', 'transformers', 'numpy') if m in sys.modules and m != 'numpy'])"
        out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": sys.path[0] + ":" + next(p for p in sys.path if p.endswith("src"))})
        self.assertEqual(out.stdout.strip(), "[]")


@unittest.skipUnless(has("lightning"), "lightning is not installed")
class Lightning(unittest.TestCase):
    def test_a_trainer_with_accumulation(self):
        import lightning

        class Module(lightning.LightningModule):
            def __init__(self):
                super().__init__()
                self.net = nn.Linear(4, 2)

            def forward(self, x):
                return self.net(x)

            def training_step(self, batch, _):
                return F.cross_entropy(self(batch[0]), batch[1])

            def configure_optimizers(self):
                return torch.optim.SGD(self.parameters(), lr=0.1)

        with tempfile.TemporaryDirectory() as root, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            data = loader()
            callback = basin.lightning(loss=F.cross_entropy, data=basin.hold(data), every=1, budget=None, root=root, closing=0)
            trainer = lightning.Trainer(
                max_epochs=1, accumulate_grad_batches=2, callbacks=[callback], logger=False, enable_checkpointing=False,
                enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", default_root_dir=root,
            )
            trainer.fit(Module(), data)
            lines = events(callback.probe.folder)
        self.assertEqual(lines[-1]["reason"], "steps")
        self.assertEqual([e["step"] for e in lines if e.get("probe") == "sharpness"], [1, 2, 3])


@unittest.skipUnless(has("transformers", "accelerate"), "transformers and accelerate are not installed")
class Transformers(unittest.TestCase):
    def test_a_trainer(self):
        import transformers

        config = transformers.DistilBertConfig(
            vocab_size=20, dim=8, n_layers=1, n_heads=2, hidden_dim=16, max_position_embeddings=8, num_labels=2
        )
        torch.manual_seed(0)
        model = transformers.DistilBertForSequenceClassification(config)
        rows = [{"input_ids": torch.randint(20, (6,)), "labels": i % 2} for i in range(16)]
        collate = transformers.default_data_collator
        held = basin.hold(torch.utils.data.DataLoader(rows, batch_size=4, collate_fn=collate))
        with tempfile.TemporaryDirectory() as root, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            callback = basin.transformers(data=held, every=2, budget=None, root=root, closing=0)
            arguments = transformers.TrainingArguments(
                output_dir=root, max_steps=4, per_device_train_batch_size=4, report_to=[], use_cpu=True, save_strategy="no",
                disable_tqdm=True,
            )
            transformers.Trainer(model=model, args=arguments, train_dataset=rows, data_collator=collate, callbacks=[callback]).train()
            lines = events(callback.probe.folder)
        self.assertEqual(lines[-1]["reason"], "steps")
        self.assertEqual([e["step"] for e in lines if e.get("probe") == "sharpness"], [2, 4])
        self.assertEqual(lines[0]["dynamics"]["preconditioned"], True)


if __name__ == "__main__":
    unittest.main()
