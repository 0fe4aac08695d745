"""A net trained by Lightning (`pip install lightning`) and watched by Basin: one callback."""

import argparse

import lightning
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--every", type=int, default=100)
options = parser.parse_args()


class Classifier(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2))

    def forward(self, x):
        return self.net(x)

    def training_step(self, batch, _):
        return F.cross_entropy(self(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=options.lr, momentum=0.9)


torch.manual_seed(0)
inputs = torch.randn(256, 4)
loader = DataLoader(TensorDataset(inputs, (inputs[:, 0] * inputs[:, 1] > 0).long()), batch_size=options.batch_size, shuffle=True)

callback = basin.lightning(loss=F.cross_entropy, data=loader, every=options.every)
trainer = lightning.Trainer(
    max_steps=options.steps,
    callbacks=[callback],
    accelerator="cpu",
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(Classifier(), loader)
print(callback.probe.folder)
