"""
Per-example factors G_i = J_iᵀ S_i and gradients g_i = J_iᵀ ∇_f ℓ_i, as rows of [count, d] matrices.

M_i = S_i S_iᵀ is the Hessian of example i's loss by its K outputs. One back-propagation of one example a row; vectorized by
`torch.func` where that works.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, Optional

import torch

from .curvature import Curvature, functional
from .errors import NotApplicable
from .trees import map_tree

MOST_OUTPUTS = 512
# Eigenvalues of M_i below this share of its largest are rounding.
_NOISE = 1e-6
_TIME = "the time for a reading was up before every held example had had its turn; hold fewer examples"


def outputs_of(c: Curvature) -> int:
    """K: outputs of an example."""
    with torch.no_grad():
        outputs, _ = c.outputs(c.batch(slice(0, 1 if not c.problem.tied else min(c.m, c.problem.piece))))
    return outputs[0].numel()


def _wide(outputs: torch.Tensor, targets: Any) -> tuple[torch.Tensor, Any]:
    wide = map_tree(lambda t: t.double() if t.is_floating_point() else t, targets)
    return outputs.detach().double().requires_grad_(), wide


def loss_curvature(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """M_i [b, K, K] in float64. @raises NotApplicable where K is large."""
    b, K = len(outputs), outputs[0].numel()
    if K > MOST_OUTPUTS:
        raise NotApplicable(f"{K} outputs an example; the factors of an example are kept for up to {MOST_OUTPUTS}")
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
"""From outputs and targets the cotangents [b, q, K] whose pull-backs are the rows."""


def factor_columns(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """The columns of S_i: q = K."""
    return root(loss_curvature(c, outputs, targets)).transpose(1, 2)


def gradient_columns(c: Curvature, outputs: torch.Tensor, targets: Any) -> torch.Tensor:
    """The gradient of every example's own loss by its outputs: q = 1."""
    z, wide = _wide(outputs, targets)
    (first,) = torch.autograd.grad(c.problem.loss(z, wide) * len(z), z)
    return first.detach().reshape(len(z), 1, -1)


def rows(
    c: Curvature, columns: Columns, bytes_at_once: int, over: Callable[[], bool]
) -> Iterator[tuple[slice, torch.Tensor]]:
    """
    This rank's pieces of the examples with their rows [b, q, d]; b·q·d numbers stay below the bound where one example does.
    @raises NotApplicable when the time is up: rows of some examples are no rows of all.
    """
    limit = None
    piece_count: Optional[int] = None
    if not c.problem.tied:
        q = 1 if columns is gradient_columns else outputs_of(c)
        limit = max(1, bytes_at_once // max(1, 4 * q * c.size))
        piece_count = min(c.problem.piece, limit)
    for piece in c.pieces(piece_count):
        if over():
            raise NotApplicable(_TIME)
        batch = c.batch(piece)
        outputs, targets = c.outputs(batch)
        cotangents = columns(c, outputs, targets).to(outputs.dtype)
        if c.problem.tied:
            yield piece, _tied(c, outputs, cotangents, over)
        else:
            yield piece, c.moving(_independent(c, batch, outputs, cotangents))


def _independent(
    c: Curvature, batch: Any, outputs: torch.Tensor, cotangents: torch.Tensor
) -> torch.Tensor:
    f = functional()
    if f is not None and c.vectorizes:
        at = {name: p.detach() for name, p in zip(c.names, c.parameters)}

        def one(example: Any, own: torch.Tensor) -> torch.Tensor:
            single = map_tree(lambda t: t.unsqueeze(0), example)

            def run(values: dict[str, torch.Tensor]) -> torch.Tensor:
                return f.functional_call(c.call, values, (single,))[0].reshape(-1)

            _, pull = f.vjp(run, at)
            parts = f.vmap(lambda u: pull(u)[0])(own)
            return torch.cat([parts[name].flatten(1) for name in c.names], 1)

        try:
            return f.vmap(one)(batch, cotangents).detach()
        except (RuntimeError, ValueError, NotImplementedError):
            # Data-dependent control flow, an op without a batching rule: one example after the other.
            c.vectorizes = False
    count, q, K = cotangents.shape
    out = torch.empty(count, q, c.size, dtype=c.dtype, device=c.device)
    for i in range(count):
        single = map_tree(lambda t: t[i : i + 1], batch)
        own, _ = c.outputs(single)
        out[i] = _pulled(c, own, cotangents[i].reshape(q, *own.shape))
    return out


def _pulled(c: Curvature, outputs: torch.Tensor, cotangents: torch.Tensor) -> torch.Tensor:
    """Rows [q, d] of cotangents [q, …outputs]."""
    return torch.stack(
        [
            c.flat(torch.autograd.grad(outputs, c.parameters, u, retain_graph=True, allow_unused=True))
            for u in cotangents
        ]
    )


def _tied(
    c: Curvature, outputs: torch.Tensor, cotangents: torch.Tensor, over: Callable[[], bool]
) -> torch.Tensor:
    """Rows of examples that batch normalization ties together: each takes a back-propagation of the whole piece."""
    count, q, _ = cotangents.shape
    out = torch.empty(count, q, c.size, dtype=c.dtype, device=c.device)
    own = cotangents.reshape(count, q, *outputs.shape[1:])
    for i in range(count):
        if over():
            raise NotApplicable(_TIME)
        for j in range(q):
            u = torch.zeros_like(outputs)
            u[i] = own[i, j]
            out[i, j] = c.flat(
                torch.autograd.grad(outputs, c.parameters, u, retain_graph=True, allow_unused=True)
            )
    return out
