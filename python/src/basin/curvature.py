"""Loss, gradient and products at θ held fixed, over the held examples in pieces that fit the memory bound."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional, Sequence

import torch
from torch import nn

from .errors import BasinError
from .held import Held
from .ladder import LADDER, Outputs, hessian_product
from .memory import Plan
from .parameters import Parameters
from .ranks import Part, Team
from .trees import map_tree
from .twin import Twin, computed


def default_forward(model: nn.Module, batch: Any) -> tuple[Any, Any]:
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return model(batch[0]), batch[1]
    raise BasinError(
        "basin: a batch is not (inputs, targets). Say how the model takes one: "
        "forward=lambda model, batch: (model(…), targets)."
    )


@dataclass(frozen=True)
class Problem:
    """What is measured: a loss of (outputs, targets), a mean over examples, on the held ones."""

    loss: Callable[[Any, Any], torch.Tensor]
    forward: Callable[[nn.Module, Any], tuple[Any, Any]]
    held: Held
    piece: int
    """Most examples at once."""
    plan: Plan
    tied: bool = False
    """Whether an example's outputs depend on the others of its piece (batch normalization by the batch)."""
    kept: bool = False
    """Whether the gradient's graph of all held examples at once has its place: it is then kept from product to product."""
    test: Optional[Held] = None


class _Call(nn.Module):
    """The model together with the user's `forward`, as one module of a batch."""

    def __init__(self, model: nn.Module, forward: Callable[[nn.Module, Any], tuple[Any, Any]]) -> None:
        super().__init__()
        self.model = model
        self._run = forward

    def forward(self, batch: Any) -> tuple[torch.Tensor, Any]:
        outputs, targets = self._run(self.model, batch)
        if not isinstance(outputs, torch.Tensor):
            raise BasinError(
                f"basin: the model's outputs must be one tensor [examples, …], not {type(outputs).__name__}. "
                "Pick it with forward=lambda model, batch: (model(…).logits, targets)."
            )
        return outputs, targets


class _Graphs:
    """What autograd recorded of this rank's pieces, of one kind at a time: kept from product to product where the memory suffices."""

    def __init__(self, kept: bool) -> None:
        self.kept = kept
        self._kind = ""
        self._of: dict[int, Any] = {}

    def of(self, kind: str, piece: slice, make: Callable[[], Any]) -> Any:
        if not self.kept:
            return make()
        if kind != self._kind:
            self._kind, self._of = kind, {}
        if piece.start not in self._of:
            self._of[piece.start] = make()
        return self._of[piece.start]


class Curvature(Parameters):
    """
    θ held fixed. Vectors are flat, [d], over the trained parameters in the model's order.

    Sums over the held examples run over this rank's share of them; `summed` makes them whole where a team measures together.
    """

    def __init__(
        self, twin: Twin, problem: Problem, trained: Sequence[int], rung: int = 0, team: Optional[Team] = None
    ) -> None:
        super().__init__(twin, trained)
        self.problem, self.team, self.rung = problem, team, rung
        self.products = 0.0
        self.fallen: list[str] = []
        """Why rungs before this one were left."""
        self.vectorizes = True
        """Whether `torch.func.vmap` works on the model."""
        self.call = _Call(twin.module, problem.forward)
        self.call.training = False
        self.graphs = _Graphs(problem.kept)
        self._wide: Optional[Curvature] = None
        self._is_wide = False

    @property
    def m(self) -> int:
        return self.problem.held.m

    @property
    def method(self) -> str:
        return LADDER[self.rung]

    # Pieces.

    def pieces(self, count: Optional[int] = None) -> list[slice]:
        """This rank's pieces; those that batch normalization ties stay what they are on one rank."""
        m, most = self.m, max(1, count or self.problem.piece)
        number = -(-m // most)
        rank, ranks = (self.team.rank, self.team.ranks) if self.team else (0, 1)
        if not self.problem.tied:
            number = min(m, -(-number // ranks) * ranks)
        own = range(number * rank // ranks, number * (rank + 1) // ranks)
        return [slice(m * k // number, m * (k + 1) // number) for k in own]

    def weight(self, piece: slice) -> float:
        """Of a mean over a piece in the mean over all."""
        return (piece.stop - piece.start) / self.m

    def summed(self, part: Part, shape: Sequence[int], dtype: torch.dtype, *given: Any) -> torch.Tensor:
        """Σ of `part` over the ranks, for rank 0; with one rank that is its own. @raises what was raised on any of them."""
        return self.team.sum(part, shape, dtype, self, given, self._is_wide) if self.team else part(self, *given)

    def batch(self, index: Any) -> Any:
        held = self.problem.held.take(index, self.device)
        # Inputs follow the model's own precision; labels and token numbers stay.
        return map_tree(lambda t: t.to(self.dtype) if t.is_floating_point() else t, held)

    # Values.

    def outputs(self, batch: Any) -> tuple[torch.Tensor, Any]:
        return self.call(batch)

    def loss_of(self, batch: Any) -> torch.Tensor:
        outputs, targets = self.call(batch)
        return self.problem.loss(outputs, targets)

    def score(self, test: bool = False) -> tuple[float, Optional[float]]:
        """Mean loss and, where targets are classes, accuracy, of the held or the test examples. One forward pass."""
        loss, right, unknown = self.summed(_score, (3,), torch.float64, test).tolist()
        return loss, None if unknown else right

    def _over(self, held: Held) -> "Curvature":
        other = copy.copy(self)
        other.problem = replace(self.problem, held=held)
        other.graphs, other._wide = _Graphs(self.problem.kept), None
        return other

    def alone(self, held: Held) -> "Curvature":
        """The same θ over other examples, on this rank alone."""
        other = self._over(held)
        other.team = None
        return other

    def on(self, index: torch.Tensor) -> "Curvature":
        """The same θ over some of the held examples, taken at once, on this rank alone."""
        tree = map_tree(lambda t: t[index], self.problem.held.tree)
        other = self.alone(Held(tree, len(index), len(index)))
        if self.problem.tied:
            other.problem = replace(other.problem, piece=len(index))
        return other

    def forget(self) -> None:
        """Lets go of graphs that are kept from product to product."""
        self.graphs = _Graphs(self.problem.kept)

    def move(self, v: torch.Tensor, amount: float) -> None:
        self.forget()
        super().move(v, amount)

    def gradient(self) -> tuple[float, torch.Tensor]:
        """L and ∇L [d]."""
        both = self.summed(_gradient, (1 + self.size,), torch.float64)
        return float(both[0]), both[1:].to(self.dtype)

    def own_gradient(self) -> torch.Tensor:
        """[L, ∇L] of this rank's share, float64."""
        both = torch.zeros(1 + self.size, dtype=torch.float64, device=self.device)
        for piece in self.pieces():
            loss = self.loss_of(self.batch(piece))
            grads = torch.autograd.grad(loss, self.parameters, allow_unused=True)
            self.add(both[1:], grads, self.weight(piece))
            both[0] += float(loss.detach()) * self.weight(piece)
        return both

    # Products.

    def hessian(self, v: torch.Tensor) -> torch.Tensor:
        """H v, [d]."""
        self.products += 1
        return self.summed(_hessian, (self.size,), v.dtype, v)

    def at_outputs(self, piece: slice) -> Outputs:
        return self.graphs.of("outputs", piece, lambda: Outputs(self, piece))

    def curve(self, at: Outputs, u: torch.Tensor) -> torch.Tensor:
        """M_i u_i for every example of a piece, M_i the Hessian of its own loss by its outputs."""
        z = at.value.detach().requires_grad_()
        (first,) = torch.autograd.grad(self.problem.loss(z, at.targets) * len(z), z, create_graph=True)
        if not first.requires_grad:
            return torch.zeros_like(u)
        (second,) = torch.autograd.grad(first, z, u, allow_unused=True)
        return torch.zeros_like(u) if second is None else second.detach()

    def wide(self) -> Optional["Curvature"]:
        """The same point in float64; None where the model cannot be evaluated there, or not in the memory's bound. Costs a copy of the model."""
        if self.dtype == torch.float64:
            return self
        pieces = self.problem.plan.wide(self.m, self.problem.tied)
        if pieces is None:
            return None
        if self._wide is None:
            twin = copy.copy(self.twin)
            twin.module = copy.deepcopy(self.twin.module, computed(self.twin.module)).to(torch.float64)
            twin.dtype = torch.float64
            problem = replace(self.problem, piece=pieces[0], kept=pieces[1])
            other = Curvature(twin, problem, self.trained, self.rung, self.team)
            other._is_wide = True
            try:
                with torch.no_grad():
                    other.loss_of(other.batch(slice(0, min(2, self.m))))
            except (RuntimeError, TypeError, NotImplementedError):
                return None
            self._wide = other
        return self._wide

    def gauss_newton(self, v: torch.Tensor) -> torch.Tensor:
        """(1/m) Σ J_iᵀ M_i J_i v, [d]."""
        self.products += 1
        return self.summed(_gauss_newton, (self.size,), v.dtype, v)

    def gauss_newton_parts(self, v: torch.Tensor) -> torch.Tensor:
        """vᵀ J_iᵀ M_i J_i v of every example, [m]: what the mean curvature along v is a mean of."""
        return self.summed(_gauss_newton_parts, (self.m,), self.dtype, v)


# Parts of sums over the held examples: each goes through a rank's own pieces.


def _score(c: Curvature, test: bool) -> torch.Tensor:
    """[mean loss, share that is right, pieces of which nobody can say]"""
    own = c
    if test:
        assert c.problem.test is not None
        own = c._over(c.problem.test)
    loss, right, unknown = 0.0, 0.0, 0.0
    with torch.no_grad():
        for piece in own.pieces():
            outputs, targets = own.call(own.batch(piece))
            weight = own.weight(piece)
            loss += float(own.problem.loss(outputs, targets)) * weight
            share = _accuracy(outputs, targets)
            unknown += share is None
            right += (share or 0.0) * weight
    return torch.tensor([loss, right, unknown], dtype=torch.float64)


def _gradient(c: Curvature) -> torch.Tensor:
    return c.own_gradient()


def _hessian(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    return hessian_product(c, v)


def _gauss_newton(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    out = torch.zeros_like(v)
    for piece in c.pieces():
        at = c.at_outputs(piece)
        out += at.back(c.curve(at, at.along(v)) / c.m)
    return out


def _gauss_newton_parts(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(c.m, dtype=c.dtype, device=c.device)
    for piece in c.pieces():
        at = c.at_outputs(piece)
        tangent = at.along(v)
        out[piece] = (c.curve(at, tangent) * tangent).flatten(1).sum(1)
    return out


def _accuracy(outputs: torch.Tensor, targets: Any) -> Optional[float]:
    if not isinstance(targets, torch.Tensor) or outputs.dim() < 2 or outputs.shape[1] < 2:
        return None
    if targets.dtype in (torch.int64, torch.int32, torch.uint8, torch.int16):
        if targets.shape == outputs.shape[:1] + outputs.shape[2:]:
            return float((outputs.argmax(1) == targets).float().mean())
        return None
    if targets.shape == outputs.shape and outputs.dim() == 2 and targets.is_floating_point():
        one_hot = bool(((targets == 0) | (targets == 1)).all()) and bool((targets.sum(1) == 1).all())
        if one_hot:
            return float((outputs.argmax(1) == targets.argmax(1)).float().mean())
    return None
