"""Training with Basin and without gives equal bits."""

from __future__ import annotations

import random
import sys
import tempfile
import unittest

import torch
import torch.nn.functional as F
from torch import nn

import dense  # noqa: F401  (finds the package)

import basin

try:
    import numpy
except ImportError:
    numpy = None


class Noisy(torch.utils.data.Dataset):
    """Augments from every random state there is."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(5)
        self.X = torch.randn(48, 6, generator=generator)
        self.y = torch.randint(3, (48,), generator=generator)

    def __len__(self):
        return 48

    def __getitem__(self, i):
        jitter = 0.1 * torch.randn(6) + 0.01 * random.random()
        if numpy is not None:
            jitter = jitter + 0.01 * float(numpy.random.rand())
        return self.X[i] + jitter, self.y[i]


def build():
    torch.manual_seed(7)
    return nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 3)
    )


def train(watched: bool, make, own_generator: bool, folder: str):
    torch.manual_seed(11)
    random.seed(12)
    if numpy is not None:
        numpy.random.seed(13)
    model = build()
    model[4].bias.requires_grad_(False)
    model[4].eval()
    calls = []
    model[0].register_forward_hook(lambda *_: calls.append(1))
    optimizer = make(model.parameters())
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.9)
    generator = torch.Generator().manual_seed(3) if own_generator else None
    loader = torch.utils.data.DataLoader(Noisy(), batch_size=8, shuffle=True, generator=generator)
    probe = None
    if watched:
        probe = basin.watch(
            model,
            optimizer,
            loss=F.cross_entropy,
            data=basin.hold(loader, examples=16),
            test=basin.hold(loader, examples=8, seed=1),
            every=3,
            probes=["sharpness", "noise", "gradientNoise", "generalization", "spectrum"],
            budget=None,
            root=folder,
            closing=2,
        )
    seen = []
    for _ in range(2):
        for X, y in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), y)
            loss.backward()
            optimizer.step()
            if probe:
                probe.step(loss)
            seen.append((X.clone(), float(loss)))
        scheduler.step()
    if probe:
        probe.close()
    states = [torch.get_rng_state(), torch.tensor(random.getstate()[1])]
    if numpy is not None:
        states.append(torch.as_tensor(numpy.random.get_state()[1].astype("int64")))
    if generator is not None:
        states.append(generator.get_state())
    return {
        "batches": [X for X, _ in seen],
        "losses": [loss for _, loss in seen],
        "parameters": [p.detach().clone() for p in model.parameters()],
        "buffers": [b.clone() for b in model.buffers()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "asks": [p.requires_grad for p in model.parameters()],
        "modes": [m.training for m in model.modules()],
        "hooks": len(calls),
        "optimizer": [
            value.clone() if isinstance(value, torch.Tensor) else value
            for state in optimizer.state.values()
            for _, value in sorted(state.items())
        ],
        "random": states,
        "switches": [
            torch.is_grad_enabled(),
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.allow_tf32,
            torch.get_float32_matmul_precision(),
            torch.backends.cudnn.enabled,
        ],
    }


class Unchanged(unittest.TestCase):
    def equal(self, a, b, where):
        if isinstance(a, torch.Tensor):
            self.assertTrue(torch.equal(a, b), where)
        elif isinstance(a, list):
            self.assertEqual(len(a), len(b), where)
            for i, (x, y) in enumerate(zip(a, b)):
                self.equal(x, y, f"{where}[{i}]")
        else:
            self.assertEqual(a, b, where)

    def test_training_with_and_without_gives_equal_bits(self):
        for make, own in (
            (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), False),
            (lambda p: torch.optim.Adam(p, lr=0.01), True),
        ):
            with tempfile.TemporaryDirectory() as folder:
                plain = train(False, make, own, folder)
                watched = train(True, make, own, folder)
            for key in plain:
                self.equal(plain[key], watched[key], key)

    def test_states_come_back_after_an_error_in_the_midst(self):
        from basin.quiet import precise, random_states

        before = (torch.get_rng_state(), random.getstate(), torch.get_float32_matmul_precision())
        with self.assertRaises(KeyError):
            with random_states(), precise():
                torch.randn(3)
                random.random()
                raise KeyError
        self.assertTrue(torch.equal(before[0], torch.get_rng_state()))
        self.assertEqual(before[1:], (random.getstate(), torch.get_float32_matmul_precision()))
        self.assertFalse("apply" in vars(torch.utils.checkpoint.CheckpointFunction))

    def test_measuring_inside_no_grad_autocast_and_inference_mode(self):
        model, X, y = build(), torch.randn(12, 6), torch.randint(3, (12,))
        wanted = basin.measure(model, loss=F.cross_entropy, data=(X, y), probes=["sharpness", "noise"])
        for mode in (torch.no_grad(), torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16)):
            with mode:
                got = basin.measure(model, loss=F.cross_entropy, data=(X, y), probes=["sharpness", "noise"])
            self.assertEqual(got, wanted, type(mode).__name__)


if __name__ == "__main__":
    sys.exit(unittest.main())
