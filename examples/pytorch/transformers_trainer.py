"""A small DistilBERT trained by Hugging Face's Trainer (`pip install transformers accelerate`) and watched by Basin: one callback."""

import argparse
import tempfile

import torch
import transformers

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--every", type=int, default=50)
options = parser.parse_args()

torch.manual_seed(0)
# Whether words below 10 are the more frequent ones: made on the spot, so that nothing is downloaded.
words = torch.randint(20, (256, 12))
labels = ((words < 10).sum(1) > 6).long()
rows = [{"input_ids": own, "labels": label} for own, label in zip(words, labels)]
model = transformers.DistilBertForSequenceClassification(
    transformers.DistilBertConfig(
        vocab_size=20, dim=16, n_layers=1, n_heads=2, hidden_dim=32, max_position_embeddings=12, num_labels=2
    )
)
held = basin.hold(torch.utils.data.DataLoader(rows, batch_size=options.batch_size), examples=64)
callback = basin.transformers(data=held, every=options.every)
with tempfile.TemporaryDirectory() as output:
    arguments = transformers.TrainingArguments(
        output_dir=output,
        max_steps=options.steps,
        learning_rate=options.lr,
        per_device_train_batch_size=options.batch_size,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
    )
    transformers.Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[callback]).train()
print(callback.probe.folder)
