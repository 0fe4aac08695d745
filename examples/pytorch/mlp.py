"""An MLP on two spirals, watched by Basin: `pip install basin-torch`, then `python mlp.py`."""

import argparse
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--steps", type=int, default=2000)
parser.add_argument("--every", type=int, default=100)
options = parser.parse_args()


def spirals(count):
    t = torch.rand(count) * 3
    label = torch.randint(2, (count,))
    angle = t * 2 + label * math.pi
    return torch.stack([t * angle.cos(), t * angle.sin()], 1) + 0.05 * torch.randn(count, 2), label


torch.manual_seed(0)
train, test = TensorDataset(*spirals(256)), TensorDataset(*spirals(256))
loader = DataLoader(train, batch_size=options.batch_size, shuffle=True, drop_last=True)
model = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)

probe = basin.watch(
    model,
    optimizer,
    loss=F.cross_entropy,
    data=loader,
    test=basin.hold(test),
    every=options.every,
    probes=["sharpness", "noise", "generalization", "gradientNoise"],
)
step = 0
while step < options.steps and not probe.should_stop:
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()
        probe.step(loss)
        step += 1
        if step == options.steps:
            break
probe.close()
print(probe.folder)
