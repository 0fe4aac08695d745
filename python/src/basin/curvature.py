"""
Loss, gradient and products at θ held fixed, over the held examples in pieces that fit the memory bound.

H v is taken by the first of a ladder that works: forward over reverse (`torch.func`), double backward, central differences of the
gradient in float64. `method` says which. Where the gradient's graph fits the memory bound, double backward comes first: the graph is
made once, and a product is one pass through it.
"""

from __future__ import annotations

import copy
import itertools
import math
from dataclasses import dataclass, replace
from typing import Any, Callable, Optional, Sequence

import torch
from torch import nn

from .errors import BasinError
from .held import Held
from .ranks import Part, Team
from .trees import leaves, map_tree
from .twin import Twin, computed

LADDER = ("torch.func forward over reverse", "double backward", "finite differences")
Operator = Callable[[torch.Tensor], torch.Tensor]


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
    memory: int
    """Bytes that a measurement may take besides a copy of the model."""
    tied: bool = False
    """Whether an example's outputs depend on the others of its piece (batch normalization by the batch)."""
    kept: bool = False
    """Whether the gradient's graph of all held examples at once fits the memory bound: it is then kept from product to product."""
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


def functional() -> Any:
    """torch.func, or None before PyTorch 2.0."""
    return getattr(torch, "func", None) if hasattr(getattr(torch, "func", None), "functional_call") else None


class Curvature:
    """
    θ held fixed. Vectors are flat, [d], over the trained parameters in the model's order.

    Sums over the held examples run over this rank's share of them; `_summed` makes them whole where a team measures together.
    """

    def __init__(
        self, twin: Twin, problem: Problem, trained: Sequence[int], rung: int = 0, team: Optional[Team] = None
    ) -> None:
        self.twin, self.problem, self.team = twin, problem, team
        self.trained = list(trained)
        everything = list(twin.module.parameters())
        for i, parameter in enumerate(everything):
            parameter.requires_grad_(i in set(trained))
        self.parameters = [everything[i] for i in trained]
        names = {id(p): name for name, p in twin.module.named_parameters()}
        self.names = ["model." + names[id(p)] for p in self.parameters]
        self.size = sum(p.numel() for p in self.parameters)
        self.device = self.parameters[0].device
        self.fixed = self._untrained()
        """Places in a flat vector of what training never moves, None for none."""
        self.dtype = twin.dtype
        self.rung = rung
        self.products = 0.0
        self.fallen: list[str] = []
        """Why rungs before this one were left."""
        self.vectorizes = True
        """Whether `torch.func.vmap` works on the model."""
        self.call = _Call(twin.module, problem.forward)
        self.call.training = False
        self._wide: Optional[Curvature] = None
        self._is_wide = False
        self._graphs: dict[int, Sequence[Optional[torch.Tensor]]] = {}

    @property
    def m(self) -> int:
        return self.problem.held.m

    @property
    def method(self) -> str:
        return LADDER[self.rung]

    def layers(self) -> list[tuple[str, slice]]:
        """Neighbouring parameters of one module, with their place in a flat vector."""
        found: list[tuple[str, slice]] = []
        at = 0
        for name, p in zip(self.names, self.parameters):
            module = name[len("model.") :].rpartition(".")[0] or name[len("model.") :]
            begin = found.pop()[1].start if found and found[-1][0] == module else at
            at += p.numel()
            found.append((module, slice(begin, at)))
        return found

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

    def summed(self, part: Part, shape: Sequence[int], dtype: torch.dtype, *given: Any) -> torch.Tensor:
        """Σ of `part` over the ranks, for rank 0; with one rank that is its own. @raises what was raised on any of them."""
        return self.team.sum(part, shape, dtype, self, given, self._is_wide) if self.team else part(self, *given)

    def batch(self, index: Any) -> Any:
        held = self.problem.held.take(index, self.device)
        # Inputs follow the model's own precision; labels and token numbers stay.
        return map_tree(lambda t: t.to(self.dtype) if t.is_floating_point() else t, held)

    # Flat vectors.

    def flat(self, tensors: Sequence[Optional[torch.Tensor]]) -> torch.Tensor:
        joined = torch.cat(
            [
                (torch.zeros_like(p) if t is None else t.detach()).reshape(-1).to(self.dtype)
                for t, p in zip(tensors, self.parameters)
            ]
        )
        return self.moving(joined)

    def moving(self, v: torch.Tensor) -> torch.Tensor:
        """v [… , d] without its part along what training never moves."""
        return v if self.fixed is None else v.index_fill(-1, self.fixed, 0)

    def _untrained(self) -> Optional[torch.Tensor]:
        starts = dict(zip(self.trained, itertools.accumulate([0, *(p.numel() for p in self.parameters)])))
        everything = list(self.twin.module.parameters())
        places = [
            torch.arange(everything[i][0].numel(), device=self.device) + starts[i] + row % len(everything[i]) * everything[i][0].numel()
            for i, row in self.twin.untrained_rows
            if i in starts
        ]
        return torch.cat(places) if places else None

    def shaped(self, v: torch.Tensor) -> list[torch.Tensor]:
        parts = self.moving(v.to(self.dtype)).split([p.numel() for p in self.parameters])
        return [part.view_as(p) for part, p in zip(parts, self.parameters)]

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
        other._graphs, other._wide = {}, None
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

    def gradient(self) -> tuple[float, torch.Tensor]:
        """L and ∇L [d]."""
        both = self.summed(_gradient, (1 + self.size,), torch.float64)
        return float(both[0]), both[1:].to(self.dtype)

    # Products.

    def hessian(self, v: torch.Tensor) -> torch.Tensor:
        """H v, [d]."""
        self.products += 1
        return self.summed(_hessian, (self.size,), v.dtype, v)

    def _piece_product(self, piece: slice, v: torch.Tensor) -> torch.Tensor:
        if self.rung == 0:
            f = functional()
            batch = self.batch(piece)

            def loss(values: tuple[torch.Tensor, ...]) -> torch.Tensor:
                outputs, targets = f.functional_call(self.call, dict(zip(self.names, values)), (batch,))
                return self.problem.loss(outputs, targets)

            at = tuple(p.detach() for p in self.parameters)
            _, product = f.jvp(f.grad(loss), (at,), (tuple(self.shaped(v)),))
            return self.flat(product)
        grads = self._graphs.get(piece.start)
        if grads is None:
            loss = self.loss_of(self.batch(piece))
            grads = torch.autograd.grad(loss, self.parameters, create_graph=True, allow_unused=True)
            if self.problem.kept:
                self._graphs[piece.start] = grads
        pairs = [(g, t) for g, t in zip(grads, self.shaped(v)) if g is not None and g.requires_grad]
        if not pairs:
            return torch.zeros_like(v)
        own, tangents = zip(*pairs)
        return self.flat(
            torch.autograd.grad(own, self.parameters, tangents, allow_unused=True, retain_graph=self.problem.kept)
        )

    def wide(self) -> Optional["Curvature"]:
        """The same point in float64; None where the model cannot be evaluated there. Costs a copy of the model."""
        if self.dtype == torch.float64:
            return self
        if self._wide is None:
            twin = copy.copy(self.twin)
            twin.module = copy.deepcopy(self.twin.module, computed(self.twin.module)).to(torch.float64)
            twin.dtype = torch.float64
            other = Curvature(twin, self.problem, self.trained, self.rung, self.team)
            other._is_wide = True
            try:
                with torch.no_grad():
                    other.loss_of(other.batch(slice(0, min(2, self.m))))
            except (RuntimeError, TypeError, NotImplementedError):
                return None
            self._wide = other
        return self._wide

    def _moved(self, v: torch.Tensor, amount: float) -> None:
        self._graphs = {}
        with torch.no_grad():
            for p, step in zip(self.parameters, self.shaped(v)):
                p.add_(step, alpha=amount)

    def _differences(self, v: torch.Tensor) -> torch.Tensor:
        at = self.wide() or self
        length = float(v.norm())
        if length == 0:
            return torch.zeros_like(v)
        # Third root of the precision, of which the error of a central difference is the square.
        step = (6e-6 if at.dtype == torch.float64 else 5e-3) / length
        wide = v.to(at.dtype)
        before = [p.detach().clone() for p in at.parameters]
        try:
            at._moved(wide, step)
            above = _gradient(at)[1:]
            at._moved(wide, -2 * step)
            below = _gradient(at)[1:]
        finally:
            with torch.no_grad():
                for p, old in zip(at.parameters, before):
                    p.copy_(old)
        return ((above - below) / (2 * step)).to(v.dtype)

    def _as_differences(self, v: torch.Tensor, product: torch.Tensor) -> bool:
        """
        Whether a product is what differences of the gradient give: a function whose own backward pass leaves something out yields a
        product, and a wrong one. The difference may step over a kink, so one agreement of two will do.
        """
        other = self._differences(v)
        return float((other - product).norm()) <= 1e-2 * float(other.norm()) + 1e-6

    def settle(self) -> int:
        """Finds the first rung of the ladder whose product exists and is symmetric, on few examples. Returns it."""
        few = self.on(torch.arange(min(self.m, 8)))
        generator = torch.Generator().manual_seed(1)
        u, v = (
            torch.randn(self.size, generator=generator, dtype=torch.float64).to(self.device, self.dtype)
            for _ in range(2)
        )
        reasons: list[str] = []
        for rung in (1, 0, 2) if self.problem.kept else (0, 1, 2):
            if rung == 0 and functional() is None:
                continue
            few.rung = rung
            try:
                hu, hv = few.hessian(u), few.hessian(v)
            except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
                reasons.append(f"{LADDER[rung]}: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
                continue
            scale = float(hu.norm() * v.norm() + hv.norm() * u.norm())
            # At a point that is not finite nothing can be told: every rung says so.
            if math.isfinite(scale):
                if abs(float(v @ hu - u @ hv)) > 1e-3 * scale:
                    reasons.append(f"{LADDER[rung]}: the product is not symmetric")
                    continue
                if rung < 2 and few.wide() is not None and not (few._as_differences(u, hu) or few._as_differences(v, hv)):
                    reasons.append(f"{LADDER[rung]}: the product is not the gradient's derivative")
                    continue
            self.rung, self.fallen = rung, reasons
            return rung
        raise BasinError("basin: no product with the Hessian can be had of this model: " + "; ".join(reasons) + ".")

    # Outputs: Jacobian products and the curvature of the loss by them.

    def jvp(self, batch: Any, v: torch.Tensor) -> tuple[torch.Tensor, Any, torch.Tensor]:
        """Outputs with their graph, targets, and J v in the shape of the outputs."""
        outputs, targets = self.call(batch)
        if self.rung == 0:
            f = functional()

            def run(values: tuple[torch.Tensor, ...]) -> torch.Tensor:
                return f.functional_call(self.call, dict(zip(self.names, values)), (batch,))[0]

            at = tuple(p.detach() for p in self.parameters)
            return outputs, targets, f.jvp(run, (at,), (tuple(self.shaped(v)),))[1].detach()
        if self.rung == 1:
            # The transpose of the transpose: Jᵀw is linear in w.
            w = torch.zeros_like(outputs, requires_grad=True)
            pulled = torch.autograd.grad(outputs, self.parameters, w, create_graph=True, allow_unused=True)
            along = sum((g * t).sum() for g, t in zip(pulled, self.shaped(v)) if g is not None)
            (tangent,) = torch.autograd.grad(along, w, retain_graph=True)
            return outputs, targets, tangent.detach()
        at = self.wide() or self
        wide_batch = map_tree(lambda t: t.to(at.dtype) if t.is_floating_point() else t, batch)
        step = (6e-6 if at.dtype == torch.float64 else 5e-3) / max(float(v.norm()), 1e-30)
        before = [p.detach().clone() for p in at.parameters]
        try:
            with torch.no_grad():
                at._moved(v.to(at.dtype), step)
                above = at.call(wide_batch)[0]
                at._moved(v.to(at.dtype), -2 * step)
                below = at.call(wide_batch)[0]
        finally:
            with torch.no_grad():
                for p, old in zip(at.parameters, before):
                    p.copy_(old)
        return outputs, targets, ((above - below) / (2 * step)).to(outputs.dtype)

    def _curve(self, outputs: torch.Tensor, targets: Any, u: torch.Tensor) -> torch.Tensor:
        """M_i u_i for every example, M_i the Hessian of its own loss by its outputs."""
        z = outputs.detach().requires_grad_()
        (first,) = torch.autograd.grad(self.problem.loss(z, targets) * len(z), z, create_graph=True)
        if not first.requires_grad:
            return torch.zeros_like(u)
        (second,) = torch.autograd.grad(first, z, u, allow_unused=True)
        return torch.zeros_like(u) if second is None else second.detach()

    def gauss_newton(self, v: torch.Tensor) -> torch.Tensor:
        """(1/m) Σ J_iᵀ M_i J_i v, [d]."""
        self.products += 1
        return self.summed(_gauss_newton, (self.size,), v.dtype, v)

    def gauss_newton_parts(self, v: torch.Tensor) -> torch.Tensor:
        """vᵀ J_iᵀ M_i J_i v of every example, [m]: what the mean curvature along v is a mean of."""
        return self.summed(_gauss_newton_parts, (self.m,), self.dtype, v)

    # Random vectors.

    def random(self, generator: torch.Generator, signs: bool = False) -> torch.Tensor:
        v = torch.randn(self.size, generator=generator)
        return self.moving((v.sign() if signs else v).to(self.device, self.dtype))


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
            weight = (piece.stop - piece.start) / own.m
            loss += float(own.problem.loss(outputs, targets)) * weight
            share = _accuracy(outputs, targets)
            unknown += share is None
            right += (share or 0.0) * weight
    return torch.tensor([loss, right, unknown], dtype=torch.float64)


def _gradient(c: Curvature) -> torch.Tensor:
    """[L, ∇L], float64."""
    total = torch.zeros(c.size, dtype=c.dtype, device=c.device)
    value = 0.0
    for piece in c.pieces():
        weight = (piece.stop - piece.start) / c.m
        loss = c.loss_of(c.batch(piece))
        grads = torch.autograd.grad(loss, c.parameters, allow_unused=True)
        total += c.flat(grads) * weight
        value += float(loss.detach()) * weight
    return torch.cat([total.new_tensor([value], dtype=torch.float64), total.double()])


def _hessian(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    if c.rung == 2:
        return c._differences(v)
    out = torch.zeros_like(v)
    for piece in c.pieces():
        out += c._piece_product(piece, v) * ((piece.stop - piece.start) / c.m)
    return out


def _gauss_newton(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    out = torch.zeros_like(v)
    for piece in c.pieces():
        outputs, targets, tangent = c.jvp(c.batch(piece), v)
        curved = c._curve(outputs, targets, tangent)
        grads = torch.autograd.grad(outputs, c.parameters, curved / c.m, allow_unused=True)
        out += c.flat(grads)
    return out


def _gauss_newton_parts(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    out = torch.zeros(c.m, dtype=c.dtype, device=c.device)
    for piece in c.pieces():
        outputs, targets, tangent = c.jvp(c.batch(piece), v)
        out[piece] = (c._curve(outputs, targets, tangent) * tangent).flatten(1).sum(1)
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


def check_loss(problem: Problem, curvature: Curvature) -> None:
    """@raises BasinError unless the loss is a scalar mean over examples and gives the same value twice."""
    from .quiet import seed

    m = min(curvature.m, 8)
    batch = curvature.batch(slice(0, m))
    with torch.no_grad():
        seed(1)
        outputs, targets = curvature.outputs(batch)
        whole = problem.loss(outputs, targets)
        seed(2)
        again = problem.loss(*curvature.outputs(batch))
        if not isinstance(whole, torch.Tensor) or whole.numel() != 1:
            raise BasinError("basin: loss(outputs, targets) must return one number, the mean over the examples.")
        if outputs.dim() == 0 or outputs.shape[0] != m:
            raise BasinError(
                f"basin: the outputs' first axis must be the {m} examples of the batch; their shape is {list(outputs.shape)}."
            )
        a, b = float(whole), float(again)
        if a == a and abs(a - b) > 1e-6 * max(abs(a), 1e-12):
            raise BasinError(
                f"basin: the loss of the same examples came out as {a:.7g} and then {b:.7g}: the model draws random numbers "
                "(a functional dropout without training=self.training, noise, sampling). Products need a loss that repeats."
            )
        if m == 1 or a != a:
            return
        one_by_one = []
        for i in range(m):
            own = map_tree(lambda t: t[i : i + 1] if t.dim() and t.shape[0] == m else t, targets)
            one_by_one.append(float(problem.loss(outputs[i : i + 1], own)))
        mean = sum(one_by_one) / m
        if abs(a - mean) > 1e-4 * max(abs(mean), 1e-6):
            what = "their sum" if abs(a - mean * m) <= 1e-4 * abs(mean * m) else "something else"
            raise BasinError(
                f"basin: loss must be a mean over examples; for {m} of them it is {a:.6g}, their own losses have the mean "
                f"{mean:.6g}: it returns {what}. Use reduction='mean', and a mean within each example where it has positions to ignore."
            )


def fitting_piece(curvature: Curvature, memory: int, ranks: int = 1) -> tuple[int, bool]:
    """
    How many examples at once, and whether all of a rank's share together, keep what autograd stores below `memory` bytes: measured with one or
    two examples in a forward pass; a second derivative stores about four times as much.
    """
    stored = 0
    own = {p.data_ptr() for p in curvature.twin.module.parameters()}

    def pack(t: torch.Tensor) -> torch.Tensor:
        nonlocal stored
        if t.data_ptr() not in own:
            stored += t.numel() * t.element_size()
        return t

    count = min(2, curvature.m)
    batch = curvature.batch(slice(0, count))
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        curvature.loss_of(batch)
    inputs = sum(t.numel() * t.element_size() for t in leaves(batch))
    each = max(1, (stored + inputs) // count)
    most = memory // (4 * each)
    return max(1, min(512, most)), most >= -(-curvature.m // ranks)
