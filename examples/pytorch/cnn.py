"""A convolutional net with batch normalization on made images (bars across or down), trained with Adam and watched by Basin."""

import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.003)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--every", type=int, default=50)
options = parser.parse_args()


def bars(count):
    label = torch.randint(2, (count,))
    images = 0.3 * torch.randn(count, 1, 8, 8)
    place = torch.randint(8, (count,))
    for image, down, at in zip(images, label, place):
        image[0][(slice(None), at) if down else at] += 1
    return images, label


torch.manual_seed(0)
loader = DataLoader(TensorDataset(*bars(512)), batch_size=options.batch_size, shuffle=True, drop_last=True)
test = TensorDataset(*bars(128))
model = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1),
    nn.BatchNorm2d(4),
    nn.ReLU(),
    nn.AvgPool2d(2),
    nn.Conv2d(4, 8, 3, padding=1),
    nn.BatchNorm2d(8),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(32, 2),
)
optimizer = torch.optim.Adam(model.parameters(), lr=options.lr)

# Batch normalization ties the examples of a batch: the held ones are normalized in pieces of the batch size, as training does.
probe = basin.watch(
    model,
    optimizer,
    loss=F.cross_entropy,
    data=basin.hold(loader, examples=128),
    test=test,
    every=options.every,
    probes=["sharpness", "generalization"],
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
