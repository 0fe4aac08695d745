"""What the tests compare with: Hessian, Gauss–Newton matrix and factors of a small net, dense and in float64, by nothing of basin's."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any, Callable

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))
torch.set_num_threads(1)


def wide(t: torch.Tensor) -> torch.Tensor:
    return t.double() if t.is_floating_point() else t


class Dense:
    """At the parameters that the model has; `evaluate` says whether buffers are used in place of the batch's statistics."""

    def __init__(self, model: torch.nn.Module, loss: Callable[..., torch.Tensor], X: Any, y: Any) -> None:
        self.model = copy.deepcopy(model).double()
        self.loss, self.X, self.y = loss, wide(X), wide(y)
        self.parameters = [p for p in self.model.parameters() if p.requires_grad]

    def flat(self, tensors: Any) -> torch.Tensor:
        parts = [torch.zeros_like(p) if t is None else t for t, p in zip(tensors, self.parameters)]
        return torch.cat([t.reshape(-1) for t in parts])

    def gradient(self, create: bool = False) -> torch.Tensor:
        value = self.loss(self.model(self.X), self.y)
        return self.flat(torch.autograd.grad(value, self.parameters, create_graph=create, allow_unused=True))

    def hessian(self) -> torch.Tensor:
        g = self.gradient(True)
        return torch.stack(
            [self.flat(torch.autograd.grad(one, self.parameters, retain_graph=True, allow_unused=True)) for one in g]
        ).detach()

    def jacobian(self) -> torch.Tensor:
        """[m, K, d]"""
        f = self.model(self.X).flatten(1)
        m, K = f.shape
        return torch.stack(
            [self.flat(torch.autograd.grad(one, self.parameters, retain_graph=True)) for one in f.reshape(-1)]
        ).reshape(m, K, -1).detach()

    def curvatures(self) -> torch.Tensor:
        """M_i [m, K, K]: Hessian of every example's own loss by its outputs."""
        f = self.model(self.X).detach()
        blocks = []
        for i in range(len(f)):
            own = lambda z: self.loss(z.unsqueeze(0), self.y[i : i + 1])  # noqa: E731
            blocks.append(torch.autograd.functional.hessian(own, f[i]))
        return torch.stack(blocks)

    def gauss_newton_parts(self) -> torch.Tensor:
        """H_i = J_iᵀ M_i J_i, [m, d, d]."""
        J = self.jacobian()
        return torch.einsum("mkd,mkl,mle->mde", J, self.curvatures(), J)

    def example_gradients(self) -> torch.Tensor:
        rows = []
        f = self.model(self.X)
        for i in range(len(f)):
            own = self.loss(f[i : i + 1], self.y[i : i + 1])
            rows.append(self.flat(torch.autograd.grad(own, self.parameters, retain_graph=True, allow_unused=True)))
        return torch.stack(rows).detach()
