"""
Per-example factors G_i = J_iᵀ S_i and gradients g_i = J_iᵀ ∇_f ℓ_i, as rows of [count, d] matrices.

M_i = S_i S_iᵀ is the Hessian of example i's loss by its K outputs. One back-propagation of one example a row; vectorized by
`torch.func` where that works.
"""

from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

import torch

from .curvature import Curvature
from .errors import NotApplicable
from .ladder import functional
from .trees import map_tree

# Eigenvalues of M_i below this share of its largest are rounding.
_NOISE = 1e-6
# Copies of a row: as it comes by parameters, joined, in float64 or as a part of all.
ROW = 4
TIME = "the time for a reading was up before every held example had had its turn; hold fewer examples"


def outputs_of(c: Curvature) -> int:
    """K: outputs of an example."""
    with torch.no_grad():
        outputs, _ = c.outputs(c.batch(slice(0, 1 if not c.problem.tied else min(c.m, c.problem.piece))))
    return outputs[0].numel()


def _wide(outputs: torch.Tensor, targets: Any) -> tuple[torch.Tensor, Any]:
    wide = map_tree(lambda t: t.double() if t.is_floating_point() else t, targets)
    return outputs.detach().double().requires_grad_(), wide


def loss_curvature(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """M_i [b, K, K] in float64."""
    b, K = len(outputs), outputs[0].numel()
    z, wide = _wide(outputs, targets)
    (first,) = torch.autograd.grad(c.problem.loss(z, wide) * b, z, create_graph=True)
    M = torch.zeros(b, K, K, dtype=torch.float64, device=z.device)
    if first.requires_grad:
        for k in range(K):
            (column,) = torch.autograd.grad(
                first.reshape(b, K)[:, k].sum(), z, retain_graph=True, allow_unused=True
            )
            if column is not None:
                M[:, k] = column.reshape(b, K)
    return (M + M.transpose(1, 2)) / 2


def root(M: torch.Tensor) -> torch.Tensor:
    """S [b, K, K] with M = S Sᵀ. @raises NotApplicable where the loss is not convex in the outputs."""
    if not bool(torch.isfinite(M).all()):
        raise NotApplicable("the loss's derivatives are not finite")
    values, vectors = torch.linalg.eigh(M)
    largest = values.abs().amax()
    if bool((values < -_NOISE * largest).any()):
        raise NotApplicable("the loss is not convex in the outputs, so there are no Gauss–Newton factors")
    return vectors * values.clamp(min=0).sqrt().unsqueeze(1)


Columns = Callable[[Curvature, torch.Tensor, Any], torch.Tensor]
"""From outputs and targets of a piece [b, …] cotangents [b, q, K]."""


def factor_columns(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """The columns of S_i: q = K."""
    return root(loss_curvature(c, outputs, targets)).transpose(1, 2)


def gradient_columns(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """The gradient of every example's own loss by its outputs: q = 1."""
    z, wide = _wide(outputs, targets)
    (first,) = torch.autograd.grad(c.problem.loss(z, wide) * len(z), z)
    return first.detach().reshape(len(z), 1, -1)


def cotangents(c: Curvature, columns: Columns, q: int, K: int) -> torch.Tensor:
    """Of this rank's share, [m, q, K]; the others' are 0. Taken once: S_i is known up to a rotation, and rounding may choose another."""
    out = torch.zeros(c.m, q, K, dtype=c.dtype, device=c.device)
    for piece in c.pieces():
        with torch.no_grad():
            outputs, targets = c.outputs(c.batch(piece))
        with torch.enable_grad():
            out[piece] = columns(c, outputs, targets).to(c.dtype)
    return out


def rows(
    c: Curvature, u: torch.Tensor, bytes_at_once: int, over: Callable[[], bool], only: Optional[Sequence[str]] = None
) -> Iterator[tuple[slice, torch.Tensor]]:
    """
    This rank's pieces of the examples with their rows J_iᵀ u_i [b, q, d], which stay below the bound, with what making them takes,
    where one example's do.

    u     cotangents of all examples, [m, q, K].
    only  names of parameters: the rows are of these, in the model's order.
    @raises NotApplicable when the time is up: rows of some examples are no rows of all.
    """
    of = _Of(c, c.names if only is None else only)
    row = ROW * u.element_size() * of.size
    count = max(1, bytes_at_once // max(1, row * u.shape[1]))
    for piece in c.pieces(None if c.problem.tied else min(c.problem.piece, c.problem.plan.rows_at_once(bytes_at_once, row, u.shape[1]))):
        if over():
            raise NotApplicable(TIME)
        own = u[piece].to(c.device)
        if not c.problem.tied:
            yield piece, _independent(of, c.batch(piece), own)
            continue
        outputs, _ = c.outputs(c.batch(piece))
        for at in range(0, len(own), count):
            some = slice(at, min(at + count, len(own)))
            yield slice(piece.start + some.start, piece.start + some.stop), _tied(of, outputs, own[some], at, over)


class _Of:
    """Parameters that rows are of."""

    def __init__(self, c: Curvature, only: Sequence[str]) -> None:
        self.c = c
        chosen = set(only)
        own = [k for k, name in enumerate(c.names) if name in chosen]
        self.names = [c.names[k] for k in own]
        self.parameters = [c.parameters[k] for k in own]
        self.others = {name: p for name, p in zip(c.names, c.parameters) if name not in chosen}
        self.size = sum(p.numel() for p in self.parameters)
        self.whole = len(own) == len(c.names)

    def moving(self, rows: torch.Tensor) -> torch.Tensor:
        assert self.whole or self.c.fixed is None, "internal: rows of some parameters where training never moves a part"
        return self.c.moving(rows) if self.whole else rows

    def pulled(self, outputs: torch.Tensor, cotangents: Iterable[torch.Tensor]) -> torch.Tensor:
        """Rows [q, size] of cotangents in the shape of the outputs."""
        every = []
        for u in cotangents:
            parts = torch.autograd.grad(outputs, self.parameters, u, retain_graph=True, allow_unused=True)
            every.append(torch.cat([(torch.zeros_like(p) if t is None else t).flatten() for t, p in zip(parts, self.parameters)]))
        return self.moving(torch.stack(every))


def _independent(of: _Of, batch: Any, cotangents: torch.Tensor) -> torch.Tensor:
    c, f = of.c, functional()
    if f is not None and c.vectorizes:
        at = {name: p.detach() for name, p in zip(of.names, of.parameters)}
        others = {name: p.detach() for name, p in of.others.items()}

        def one(example: Any, own: torch.Tensor) -> torch.Tensor:
            single = map_tree(lambda t: t.unsqueeze(0), example)

            def run(values: dict[str, torch.Tensor]) -> torch.Tensor:
                return f.functional_call(c.call, {**others, **values}, (single,))[0].reshape(-1)

            _, pull = f.vjp(run, at)
            parts = f.vmap(lambda u: pull(u)[0])(own)
            return torch.cat([parts[name].flatten(1) for name in of.names], 1)

        try:
            return of.moving(f.vmap(one)(batch, cotangents).detach())
        except (RuntimeError, ValueError, NotImplementedError):
            # Data-dependent control flow, an op without a batching rule: one example after the other.
            c.vectorizes = False
    count, q, _ = cotangents.shape
    out = torch.empty(count, q, of.size, dtype=c.dtype, device=c.device)
    for i in range(count):
        single = map_tree(lambda t: t[i : i + 1], batch)
        own, _ = c.outputs(single)
        out[i] = of.pulled(own, cotangents[i].reshape(q, *own.shape))
    return out


def _tied(of: _Of, outputs: torch.Tensor, cotangents: torch.Tensor, at: int, over: Callable[[], bool]) -> torch.Tensor:
    """Rows of examples of a piece, from `at` on, that batch normalization ties together: each takes a back-propagation of the whole piece."""
    count, q, _ = cotangents.shape
    out = torch.empty(count, q, of.size, dtype=of.c.dtype, device=of.c.device)
    own = cotangents.reshape(count, q, *outputs.shape[1:])
    for i in range(count):
        if over():
            raise NotApplicable(TIME)
        u = torch.zeros(q, *outputs.shape, dtype=outputs.dtype, device=outputs.device)
        u[:, at + i] = own[i]
        out[i] = of.pulled(outputs, u)
    return out
