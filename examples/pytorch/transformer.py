"""A small transformer that learns to add two digits modulo ten, trained with AdamW and watched by Basin."""

import argparse

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.003)
parser.add_argument("--batch-size", type=int, default=20)
parser.add_argument("--steps", type=int, default=1000)
parser.add_argument("--every", type=int, default=100)
options = parser.parse_args()


class Adder(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.token = nn.Embedding(10, width)
        self.place = nn.Parameter(0.1 * torch.randn(2, width))
        block = nn.TransformerEncoderLayer(width, 2, 2 * width, dropout=0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(block, 1)
        self.out = nn.Linear(width, 10)

    def forward(self, digits):
        return self.out(self.blocks(self.token(digits) + self.place).mean(1))


torch.manual_seed(0)
pairs = torch.cartesian_prod(torch.arange(10), torch.arange(10))
loader = DataLoader(TensorDataset(pairs, pairs.sum(1) % 10), batch_size=options.batch_size, shuffle=True)
model = Adder()
optimizer = torch.optim.AdamW(model.parameters(), lr=options.lr)

probe = basin.watch(
    model, optimizer, loss=F.cross_entropy, data=loader, every=options.every, probes=["sharpness", "noise", "generalization"]
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
