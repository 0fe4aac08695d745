"""
ResNet-18 on made images of CIFAR-10's shape, 30 steps of 128, with two readings of 64 held examples: what a reading of a net of
this size costs, in seconds of the processor and in steps of training, and its peak memory beside that of the same training alone.
`python resnet.py [--memory 1GB]`; `--plain` trains alone. On one thread: the time that a reading may take is then the processor's, too.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

# A reading ends after so many seconds, of which a busy machine may give it few.
time.monotonic = time.process_time

import basin
from peak import peak


class Block(nn.Module):
    """Two convolutions beside a shortcut (He et al. 2016, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        straight = stride == 1 and inputs == outputs
        self.short = nn.Sequential() if straight else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.body(x) + self.short(x))


def resnet18() -> nn.Module:
    """With a first layer for small images: 3 × 3, stride 1, no pooling. 11 173 962 parameters."""
    layers: list[nn.Module] = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
    width = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(width, outputs, stride), Block(outputs, outputs, 1)]
        width = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--every", type=int, default=15)
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--memory", default="1GB")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    labels = torch.randint(10, (options.batch_size * 8,))
    # A class is a pattern under noise: something can be learned.
    images = torch.randn(10, 3, 32, 32)[labels] + torch.randn(len(labels), 3, 32, 32)
    loader = DataLoader(TensorDataset(images, labels), batch_size=options.batch_size, shuffle=True, drop_last=True)
    model = resnet18()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    # Of the processor: another load of the machine changes them little.
    steps: list[float] = []
    readings: list[float] = []
    with tempfile.TemporaryDirectory() as root:
        probe = None
        if not options.plain:
            probe = basin.watch(
                model, optimizer, loss=F.cross_entropy, data=basin.hold(loader, examples=options.examples), every=options.every,
                probes=["sharpness", "noise", "generalization"], budget=None, closing=0, memory=options.memory, root=root,
            )
        while len(steps) < options.steps:
            for inputs, targets in loader:
                began = time.process_time()
                optimizer.zero_grad()
                loss = F.cross_entropy(model(inputs), targets)
                loss.backward()
                optimizer.step()
                steps.append(time.process_time() - began)
                if probe:
                    began = time.process_time()
                    probe.step(loss)
                    readings.append(time.process_time() - began)
                    print(f"step {len(steps)}: {steps[-1]:.1f} s, probe.step {readings[-1]:.1f} s", file=sys.stderr, flush=True)
                if len(steps) == options.steps:
                    break
        told = {"torch": torch.__version__, "step": statistics.median(steps), "peak MB": peak()}
        if probe:
            probe.close()
            lines = [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]
            told["parameters"] = lines[0]["parameters"]
            told["probe.step"] = [seconds for seconds in readings if seconds > 0.5]
            told["readings"] = [{k: e.get(k) for k in ("step", "probe", "cost", "values", "how")} for e in lines if e.get("probe")]
            told["notes"] = [e["message"] for e in lines if e["kind"] == "note"]
            # As many steps as fill the optimizer's state and the allocator; every further one takes as much.
            alone = [sys.executable, __file__, "--plain", "--steps", "3"]
            plain = json.loads(subprocess.run(alone, capture_output=True, text=True, check=True).stdout)
            told["alone"] = {key: plain[key] for key in ("step", "peak MB")}
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
