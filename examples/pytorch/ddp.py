"""Two processes on one machine: `torchrun --nproc-per-node 2 ddp.py`. They divide the held examples among them; rank 0 writes."""

import argparse
import os

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.data.distributed import DistributedSampler

import basin

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--batch-size", type=int, default=8)
parser.add_argument("--steps", type=int, default=500)
parser.add_argument("--every", type=int, default=100)
parser.add_argument("--init", default="env://", help="where the processes meet: file:///path/to/a/file needs no port")
options = parser.parse_args()

rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
dist.init_process_group("gloo", init_method=options.init, rank=rank, world_size=ranks)
torch.manual_seed(0)
inputs = torch.randn(256, 4)
data = TensorDataset(inputs, (inputs[:, 0] * inputs[:, 1] > 0).long())
sampler = DistributedSampler(data)
loader = DataLoader(data, batch_size=options.batch_size, sampler=sampler)
model = DistributedDataParallel(nn.Sequential(nn.Linear(4, 32), nn.Tanh(), nn.Linear(32, 2)))
optimizer = torch.optim.SGD(model.parameters(), lr=options.lr)

# The batch of a step is that of all ranks together: basin multiplies the loader's by the number of processes.
probe = basin.watch(model, optimizer, loss=F.cross_entropy, data=loader, every=options.every)
step = epoch = 0
while step < options.steps:
    sampler.set_epoch(epoch)
    epoch += 1
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        probe.step(loss)
        step += 1
        if step == options.steps:
            break
probe.close()
if rank == 0:
    print(probe.folder)
dist.destroy_process_group()
