"""The bound of `memory`: what is held at once while measuring, by the resident size of processes, and what is said where it cannot be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

import dense  # noqa: F401  (the package's path, one thread)

import basin

MEGABYTE = 2**20
# Beside the copy of the model: what the allocator does not give back (20 to 50 MB from run to run), and the log. Without a bound it takes 495 MB.
MARGIN = 64 * MEGABYTE


def network(norm: bool = False) -> nn.Module:
    """1.06 million parameters, 4 MB a vector; about 0.9 MB of activations an example for a second derivative."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16) if norm else nn.Identity(), nn.Tanh(), nn.Conv2d(16, 16, 3, padding=1), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4096, 256), nn.Tanh(), nn.Linear(256, 10),
    )


def examples(count: int = 48):
    generator = torch.Generator().manual_seed(2)
    return torch.randn(count, 3, 32, 32, generator=generator), torch.randint(10, (count,), generator=generator)


def train(memory: int, norm: bool, root: str) -> None:
    """Some steps, watched where there is a bound. Prints the peak of the process."""
    # Whatever PyTorch loads when it is first asked for a derivative of a derivative, both processes have.
    basin.measure(nn.Linear(3, 2), loss=F.cross_entropy, data=(torch.randn(4, 3), torch.tensor([0, 1, 0, 1])))
    model, (X, y) = network(norm), examples()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    probe = memory and basin.watch(
        model, optimizer, loss=F.cross_entropy, data=(X, y), train_size=48, batch_size=16, sampling="epochs", drop_last=True, every=2,
        probes=["sharpness", "noise", "gradientNoise", "generalization", "spectrum"], budget=None, closing=20, memory=memory, root=root,
    )
    for step in range(2):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(X[:16]), y[:16])
        loss.backward()
        optimizer.step()
        if probe:
            probe.step(loss)
    if probe:
        probe.close()
    print(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])


@unittest.skipUnless(sys.platform == "linux", "the resident size of a process is read from /proc")
class Bound(unittest.TestCase):
    def peak(self, memory: int, norm: bool = False) -> tuple[int, list[dict]]:
        with tempfile.TemporaryDirectory() as root:
            command = [sys.executable, __file__, str(memory), str(int(norm)), root]
            own = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
            self.assertEqual(own.returncode, 0, own.stderr)
            lines = [json.loads(line) for log in Path(root).rglob("events.jsonl") for line in log.read_text().splitlines()]
        return int(own.stdout.split()[-1]) * 1024, lines

    def test_activations_and_vectors_together_stay_below_it(self):
        copy = 4 * sum(p.numel() for p in network().parameters())
        for norm in (False, True):
            plain, _ = self.peak(0, norm)
            for memory in (110 * MEGABYTE,) if norm else (110 * MEGABYTE, 220 * MEGABYTE):
                with self.subTest(norm=norm, memory=memory // MEGABYTE):
                    watched, lines = self.peak(memory, norm)
                    read = {name for e in lines for name in e.get("values", {})}
                    self.assertLessEqual({"sharpness", "eigenvalue.min", "gaussNewtonSharpness", "noise.trace", "trace"}, read)
                    self.assertLess(watched - plain, memory + copy + MARGIN)
                    # It is made use of: a bound that nothing comes near would prove nothing.
                    self.assertGreater(watched - plain, memory / 3)


class Refusal(unittest.TestCase):
    def test_what_does_not_fit_is_not_read_and_says_what_it_would_take(self):
        model, (X, y) = network(), examples(8)
        probes = {"sharpness": "sharpness", "noise": "gaussNewtonSharpness", "gradientNoise": "noise.trace"}
        notes, read = self.watched(model, X, y, 10 * MEGABYTE, probes)
        self.assertFalse(set(probes.values()) & read)
        self.assertIn("loss.train", read)
        wanted = {}
        for probe in probes:
            (note,) = [n for n in notes if n.startswith(f"{probe}: not applicable") and "more than the 10 MB of memory=…" in n]
            wanted[probe] = float(re.search(r'memory="([\d.]+)GB" would do', note)[1])
        # And so it does.
        for probe, gigabytes in wanted.items():
            _, read = self.watched(model, X, y, f"{gigabytes}GB", [probe])
            self.assertIn(probes[probe], read)

    def watched(self, model, X, y, memory, probes):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        with tempfile.TemporaryDirectory() as root:
            probe = basin.watch(
                model, optimizer, loss=F.cross_entropy, data=(X, y), train_size=8, batch_size=4, sampling="epochs", drop_last=True,
                every=1, probes=list(probes), budget=None, closing=0, memory=memory, root=root,
            )
            probe.step(1.0)
            probe.close()
            lines = [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]
        return [e["message"] for e in lines if e["kind"] == "note"], {name for e in lines for name in e.get("values", {})}


if __name__ == "__main__":
    if len(sys.argv) == 4:
        train(int(sys.argv[1]), bool(int(sys.argv[2])), sys.argv[3])
    else:
        unittest.main()
