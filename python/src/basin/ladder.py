"""
H v of a piece of the held examples, and J v of its outputs, by the first of a ladder that works: forward over reverse (`torch.func`),
double backward, central differences in float64.

Where the gradient's graph fits the memory bound, double backward comes first: the graph is made once, and a product is one pass
through it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Callable, Optional, Sequence

import torch

from .errors import BasinError
from .memory import DOUBLE, WIDE
from .trees import map_tree

if TYPE_CHECKING:
    from .curvature import Curvature

LADDER = ("torch.func forward over reverse", "double backward", "finite differences")
FORWARD, DOUBLE, DIFFERENCES = range(3)
# Third root of the precision, of which the error of a central difference is the square.
_STEP = {torch.float64: 6e-6, torch.float32: 5e-3}
# Of a difference that a product is compared with, to 1e-2 only: the shorter it is, the fewer kinks lie in it.
_SHORT = 1e-8


def functional() -> Any:
    """torch.func, or None before PyTorch 2.0."""
    return getattr(torch, "func", None) if hasattr(getattr(torch, "func", None), "functional_call") else None


# H v.


def hessian_product(c: Curvature, v: torch.Tensor) -> torch.Tensor:
    """H v over this rank's pieces, [d]."""
    if c.rung == DIFFERENCES:
        return _gradient_differences(c, v)
    out = torch.zeros_like(v)
    for piece in c.pieces():
        c.add(out, piece_product(c, piece, v), c.weight(piece))
    return out


def piece_product(c: Curvature, piece: slice, v: torch.Tensor) -> Sequence[Optional[torch.Tensor]]:
    """H v of a piece's own loss, by parameters; None for those that it does not depend on."""
    return (_forward_over_reverse if c.rung == FORWARD else _double_backward)(c, piece, v)


def _forward_over_reverse(c: Curvature, piece: slice, v: torch.Tensor) -> Sequence[Optional[torch.Tensor]]:
    f = functional()
    batch = c.batch(piece)

    def loss(values: tuple[torch.Tensor, ...]) -> torch.Tensor:
        outputs, targets = f.functional_call(c.call, dict(zip(c.names, values)), (batch,))
        return c.problem.loss(outputs, targets)

    at = tuple(p.detach() for p in c.parameters)
    _, product = f.jvp(f.grad(loss), (at,), (tuple(c.shaped(v)),))
    return product


def _double_backward(c: Curvature, piece: slice, v: torch.Tensor) -> Sequence[Optional[torch.Tensor]]:
    def graph() -> Any:
        return torch.autograd.grad(c.loss_of(c.batch(piece)), c.parameters, create_graph=True, allow_unused=True)

    grads = c.graphs.of("gradient", piece, graph)
    pairs = [(g, t) for g, t in zip(grads, c.shaped(v)) if g is not None and g.requires_grad]
    if not pairs:
        return [None] * len(c.parameters)
    own, tangents = zip(*pairs)
    return torch.autograd.grad(own, c.parameters, tangents, allow_unused=True, retain_graph=c.graphs.kept)


def _gradient_differences(c: Curvature, v: torch.Tensor, length: Optional[float] = None) -> torch.Tensor:
    def gradient(at: Curvature) -> torch.Tensor:
        return at.own_gradient()[1:]

    return _differences(c, v, gradient, torch.zeros_like(v), length)


def _differences(
    c: Curvature,
    v: torch.Tensor,
    value: Callable[[Curvature], torch.Tensor],
    nothing: torch.Tensor,
    length: Optional[float] = None,
) -> torch.Tensor:
    """
    Derivative of `value` along v, in float64 where the model can be evaluated there; `nothing` is what it is along 0.

    length  of the step to either side; as the precision has it best where it is not given.
    """
    at = c.wide() or c
    norm = float(v.norm())
    if norm == 0:
        return nothing
    step = (length or _STEP[at.dtype]) / norm
    own = v.to(at.dtype)
    # Of a copy in float64 the point itself is what it was made of.
    before = [p.detach().clone() for p in at.parameters] if at is c else [p.detach() for p in c.parameters]
    try:
        at.move(own, step)
        above = value(at)
        at.move(own, -2 * step)
        below = value(at)
    finally:
        with torch.no_grad():
            for p, old in zip(at.parameters, before):
                p.copy_(old)
    return above.sub_(below).div_(2 * step).to(nothing.dtype)


# J v.


class Outputs:
    """Outputs of a piece with their graph, and J v and Jᵀ w at them, in this order."""

    def __init__(self, c: Curvature, piece: slice) -> None:
        self._c = c
        self._batch = c.batch(piece)
        self.value, self.targets = c.call(self._batch)
        self._pulled: Any = None

    def along(self, v: torch.Tensor) -> torch.Tensor:
        """J v in the shape of the outputs."""
        return (self._forward, self._transposed, self._difference)[self._c.rung](v)

    def back(self, w: torch.Tensor) -> torch.Tensor:
        """Jᵀ w, [d]."""
        kept = self._c.graphs.kept
        return self._c.flat(torch.autograd.grad(self.value, self._c.parameters, w, allow_unused=True, retain_graph=kept))

    def _forward(self, v: torch.Tensor) -> torch.Tensor:
        c, f = self._c, functional()

        def run(values: tuple[torch.Tensor, ...]) -> torch.Tensor:
            return f.functional_call(c.call, dict(zip(c.names, values)), (self._batch,))[0]

        at = tuple(p.detach() for p in c.parameters)
        return f.jvp(run, (at,), (tuple(c.shaped(v)),))[1].detach()

    def _transposed(self, v: torch.Tensor) -> torch.Tensor:
        """The transpose of the transpose: Jᵀw is linear in w."""
        if self._pulled is None:
            w = torch.zeros_like(self.value, requires_grad=True)
            self._pulled = w, torch.autograd.grad(self.value, self._c.parameters, w, create_graph=True, allow_unused=True)
        w, pulled = self._pulled
        pairs = [(g, t) for g, t in zip(pulled, self._c.shaped(v)) if g is not None and g.requires_grad]
        if not pairs:
            return torch.zeros_like(self.value)
        own, tangents = zip(*pairs)
        (tangent,) = torch.autograd.grad(own, w, tangents, retain_graph=True)
        return tangent.detach()

    def _difference(self, v: torch.Tensor) -> torch.Tensor:
        def outputs(at: Curvature) -> torch.Tensor:
            batch = map_tree(lambda t: t.to(at.dtype) if t.is_floating_point() else t, self._batch)
            with torch.no_grad():
                return at.call(batch)[0]

        return _differences(self._c, v, outputs, torch.zeros_like(self.value))


# Which rung.


def settle(c: Curvature) -> int:
    """
    Finds the first rung of the ladder whose product exists and is symmetric, on few examples. Returns it; `c.fallen` says why those
    before were left. @raises BasinError where none does.
    """
    plan = c.problem.plan
    left = plan.bound - WIDE * plan.vector
    count = max(2, min(8, left // (DOUBLE * plan.each)))
    few = c.on(torch.arange(min(c.m, count)))
    generator = torch.Generator().manual_seed(1)
    u, v = (
        torch.randn(c.size, generator=generator, dtype=torch.float64).to(c.device, c.dtype) for _ in range(2)
    )
    reasons: list[str] = []
    for rung in (DOUBLE, FORWARD, DIFFERENCES) if c.problem.kept else (FORWARD, DOUBLE, DIFFERENCES):
        if rung == FORWARD and functional() is None:
            continue
        few.rung = rung
        reason = _objection(few, u, v, left >= DOUBLE * plan.each * few.m)
        if reason is None:
            c.rung, c.fallen = rung, reasons
            return rung
        reasons.append(f"{LADDER[rung]}: {reason}")
    raise BasinError("basin: no product with the Hessian can be had of this model: " + "; ".join(reasons) + ".")


def _objection(few: Curvature, u: torch.Tensor, v: torch.Tensor, differences: bool) -> Optional[str]:
    """differences  whether there is room to compare with those."""
    try:
        hu, hv = few.hessian(u), few.hessian(v)
    except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    scale = float(hu.norm() * v.norm() + hv.norm() * u.norm())
    # At a point that is not finite nothing can be told: every rung says so.
    if not math.isfinite(scale):
        return None
    if abs(float(v @ hu - u @ hv)) > 1e-3 * scale:
        return "the product is not symmetric"
    if few.rung != DIFFERENCES and differences and few.wide() is not None:
        if not (_as_differences(few, u, hu) or _as_differences(few, v, hv)):
            return "the product is not the gradient's derivative"
    return None


def _as_differences(c: Curvature, v: torch.Tensor, product: torch.Tensor) -> bool:
    """
    Whether a product is what differences of the gradient give: a function whose own backward pass leaves something out yields a
    product, and a wrong one. The difference may step over a kink, so one agreement of two will do.
    """
    other = _gradient_differences(c, v, _SHORT)
    return float((other - product).norm()) <= 1e-2 * float(other.norm()) + 1e-6
