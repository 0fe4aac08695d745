"""
ResNet-18 on made images of CIFAR-10's shape, 30 steps of 128, with two readings of 64 held examples: what a reading of a net of
this size costs in time and in memory. `python resnet.py [--plain] [--memory 1GB]`; `--plain` trains alone, for its peak memory.
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin


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


def peak() -> float:
    """The most memory this process had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--every", type=int, default=15)
    parser.add_argument("--examples", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    labels = torch.randint(10, (options.batch_size * 8,))
    # A class is a pattern under noise: something can be learned.
    images = torch.randn(10, 3, 32, 32)[labels] + torch.randn(len(labels), 3, 32, 32)
    loader = DataLoader(TensorDataset(images, labels), batch_size=options.batch_size, shuffle=True, drop_last=True)
    model = resnet18()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    with tempfile.TemporaryDirectory() as root:
        probe = None
        began = time.monotonic()
        if not options.plain:
            probe = basin.watch(
                model, optimizer, loss=F.cross_entropy, data=basin.hold(loader, examples=options.examples), every=options.every,
                probes=["sharpness", "noise", "generalization"], budget=None, closing=0, memory=options.memory, root=root,
            )
        ready = time.monotonic() - began
        training = 0.0
        step = 0
        while step < options.steps:
            for inputs, targets in loader:
                began = time.monotonic()
                optimizer.zero_grad()
                loss = F.cross_entropy(model(inputs), targets)
                loss.backward()
                optimizer.step()
                training += time.monotonic() - began
                if probe:
                    probe.step(loss)
                step += 1
                if step == options.steps:
                    break
        told = {"torch": torch.__version__, "threads": options.threads, "step": training / options.steps, "peak": peak()}
        if probe:
            probe.close()
            lines = [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]
            told["ready"] = ready
            told["parameters"] = lines[0]["parameters"]
            told["readings"] = [{k: e[k] for k in ("step", "probe", "cost", "values")} for e in lines if e.get("probe")]
            told["notes"] = [e["message"] for e in lines if e["kind"] == "note"]
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
