"""
The Gauss–Newton factors of the held examples, G = [G_1 … G_m], as stability needs them: their Gram matrix, or their coordinates in
the span of the sharpest directions. (1/m) Σ G_i G_iᵀ has the eigenvalues that are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Mapping, Optional, Sequence

import torch

from . import safetensors
from .curvature import Curvature
from .dense_layers import dense_gram, dense_layers, signals_size
from .errors import NotApplicable
from .reading import Deadline
from .rows import cotangents, factor_columns, loss_curvature, outputs_of, root, rows
from .tracker import Tracker, least_vectors, peak_vectors

# Rows of a Gram matrix while training and at the end: the judge decomposes it, which takes m·K cubed.
_MOST_ROWS = {False: 1024, True: 2048}
_MOST_OUTPUTS = 512
# Rows that batch normalization ties together take a back-propagation of a whole piece each.
_MOST_TIED = 512
# Directions kept where the matrix would be larger.
_RANK = {False: 24, True: 64}
# Eigenvalues below this share of the largest are rounding of the Gram matrix. The residual of one found in it: its error is the square.
_NOISE, _CONVERGED = 1e-10, 1e-7
# Share of the room that is for rows while they are made, and copies of a Gram matrix while it is decomposed.
_AT_ONCE, _COPIES = 0.25, 4
# Parameters at once, and rows of a block, of a Gram matrix: what keeps the processor's caches busy.
_SLICE, _BLOCK = 8192, 256


@dataclass(frozen=True)
class Factors:
    m: int
    K: int
    eigenvalues: torch.Tensor
    """Of (1/m) Σ G_i G_iᵀ, descending, [r] float64; the largest alone where there is a Gram matrix."""
    coordinates: Optional[torch.Tensor]
    """A_i, [m, K, r] float64, or a Gram matrix."""
    gram: Optional[torch.Tensor]
    """GᵀG [mK, mK] float64, where all directions are there."""
    method: str
    trace: float
    error: float

    full_rank: int = 0
    parts: Optional[torch.Tensor] = None
    """uᵀG_iG_iᵀu of every example along the sharpest direction, [m], of a Gram matrix."""

    @property
    def whole(self) -> bool:
        return self.coordinates is None or self.coordinates.shape[2] >= self.full_rank

    def sharpness(self) -> float:
        """λmax of the Gauss–Newton matrix."""
        return float(self.eigenvalues[0]) if len(self.eigenvalues) else 0.0

    def nonuniformity(self) -> tuple[float, torch.Tensor]:
        """
        s = λmax(Σ)^½, Σ = (1/m) Σ H_i² − H², within the directions kept (Wu, Ma & E 2018), and what each example moves it by.

        The influence of example i is that of λmax = uᵀΣu to first order, (‖H_i u‖² − 2 uᵀH_i H u less their means) / 2s, [m]: of
        these the standard error of a mean is that of s (the infinitesimal jackknife; Efron 1982, §6.3).
        """
        A, w = self.coordinates, self.eigenvalues
        none = torch.zeros(self.m, dtype=torch.float64)
        if len(w) == 0 or not bool(torch.isfinite(w).all()):
            return (0.0 if len(w) == 0 else float("nan")), none
        if A is None:
            assert self.gram is not None
            return _spread(self.gram, self.m)
        blocks = A @ A.transpose(1, 2)
        noise = torch.einsum("mkr,mkl,mls->rs", A, blocks, A) / self.m - torch.diag(w**2)
        values, vectors = torch.linalg.eigh((noise + noise.t()) / 2)
        if float(values[-1]) <= 0:
            return 0.0, none
        s, u = float(values[-1]) ** 0.5, vectors[:, -1]
        moved = torch.einsum("mkr,mk->mr", A, A @ u)
        own = (moved**2).sum(1) - 2 * moved @ (w * u)
        return s, (own - own.mean()) / (2 * s)

    def parts_along_top(self) -> Optional[torch.Tensor]:
        """uᵀG_iG_iᵀu of every example along the sharpest direction, [m]."""
        if self.coordinates is None or len(self.eigenvalues) == 0:
            return self.parts
        return (self.coordinates[:, :, 0] ** 2).sum(1)

    def save(self, path: Path, metadata: Mapping[str, str]) -> None:
        own = {**metadata, "m": str(self.m), "K": str(self.K), "fullRank": str(self.full_rank)}
        if self.gram is not None:
            safetensors.save(path, {"gram": self.gram}, own)
        elif self.coordinates is not None:
            tensors = {"coordinates": self.coordinates, "eigenvalues": self.eigenvalues}
            safetensors.save(path, tensors, own)


def gauss_newton_factors(
    c: Curvature,
    generator: torch.Generator,
    deadline: Deadline,
    *,
    closing: bool,
    scales: Sequence[Optional[torch.Tensor]] = (None,),
    others: int = 0,
) -> list[Factors]:
    """
    The factors at a point, of P^-½ G for every diagonal of P^-½ in `scales`, of G for None.

    others  bytes that are kept beside them.

    All directions cost K back-propagations of all examples where every layer is a dense one and nothing is scaled, else m·K of one
    example; the sharpest ones about four products a direction.
    @raises NotApplicable where the loss is not convex in the outputs, or an example has too many.
    """
    K = outputs_of(c)
    if K > _MOST_OUTPUTS:
        raise NotApplicable(f"{K} outputs an example; the factors of an example are kept for up to {_MOST_OUTPUTS}")
    count = c.m * K
    affordable = not c.problem.tied or count <= _MOST_TIED
    room = c.problem.plan.room - others
    source = _Rows(c, K, deadline, int(room * _AT_ONCE))
    left = int(room * (1 - _AT_ONCE))
    found = []
    for scale in scales:
        if affordable and count <= _MOST_ROWS[closing] and source.gram_bytes(scale) <= left:
            found.append(_all_directions(c, K, source.gram(scale)))
        elif affordable and c.size <= _MOST_ROWS[closing] and source.every_bytes() <= left:
            found.append(_all_parameters(c, K, source.every(), scale))
        else:
            found.append(_sharpest(c, K, generator, deadline, closing=closing, scale=scale, others=others))
    return found


class _Rows:
    """The rows of G at a point, made once, and only those that are needed."""

    def __init__(self, c: Curvature, K: int, deadline: Deadline, at_once: int) -> None:
        self._c, self._K, self._deadline, self._at_once = c, K, deadline, at_once
        self._dense = dense_layers(c)
        named = {name for layer in self._dense for name in layer.names()}
        self._others = [name for name in c.names if name not in named]
        self._every: Optional[torch.Tensor] = None
        self._S: Optional[torch.Tensor] = None

    def _columns(self) -> torch.Tensor:
        """Of every S_i, [m, K, K]."""
        if self._S is None:
            self._S = self._c.summed(_roots, (self._c.m, self._K, self._K), self._c.dtype, self._K)
        return self._S

    def every(self) -> torch.Tensor:
        """[m, K, d]"""
        if self._every is None:
            self._every = self._of(self._c.names, self._c.size)
        return self._every

    def gram_bytes(self, scale: Optional[torch.Tensor]) -> int:
        """What a Gram matrix takes with what is done to it, and the rows that it needs."""
        c, K = self._c, self._K
        own = _COPIES * 8 * (c.m * K) ** 2
        if scale is not None or self._every is not None:
            return own + 4 * c.m * K * c.size
        # Signals are kept in both precisions.
        return own + 4 * c.m * (K * self._size() + 3 * signals_size(self._dense, K))

    def every_bytes(self) -> int:
        """What every row takes, with a copy in float64, and the matrix of parameters by parameters."""
        c, K = self._c, self._K
        return 12 * c.m * K * c.size + _COPIES * 8 * c.size**2

    def gram(self, scale: Optional[torch.Tensor]) -> torch.Tensor:
        """GᵀG, scaled, [m K, m K] float64."""
        c, K = self._c, self._K
        if scale is not None:
            return _products(self.every().flatten(0, 1), scale)
        gram = torch.zeros(c.m * K, c.m * K, dtype=torch.float64, device=c.device)
        if self._dense:
            gram += dense_gram(c, self._columns(), self._dense, self._deadline.left())
        if self._others:
            gram += _products(self._of(self._others, self._size()).flatten(0, 1), None)
        return (gram + gram.t()) / 2

    def _size(self) -> int:
        """Parameters outside of the dense layers."""
        others = set(self._others)
        return sum(p.numel() for name, p in zip(self._c.names, self._c.parameters) if name in others)

    def _of(self, names: Sequence[str], size: int) -> torch.Tensor:
        c, K = self._c, self._K
        return c.summed(_rows, (c.m, K, size), c.dtype, self._columns(), list(names), size, self._at_once, self._deadline.left())


def _roots(c: Curvature, K: int) -> torch.Tensor:
    return cotangents(c, factor_columns, K, K)


def _rows(c: Curvature, S: torch.Tensor, names: list[str], size: int, at_once: int, seconds: float) -> torch.Tensor:
    """Every factor of this rank's share by these parameters, [m, K, size]; the others' rows are 0."""
    G = torch.zeros(*S.shape[:2], size, dtype=c.dtype, device=c.device)
    for piece, own in rows(c, S, at_once, Deadline(seconds).over, names):
        G[piece] = own
    return G


def _products(G: torch.Tensor, scale: Optional[torch.Tensor]) -> torch.Tensor:
    """G Gᵀ in float64 of G [N, d], its columns scaled. N² d multiplications: the upper half is the lower one."""
    gram = torch.zeros(len(G), len(G), dtype=torch.float64, device=G.device)
    # In slices of the parameters: the float64 copy never is as large as G.
    for at in range(0, G.shape[1], _SLICE):
        columns = slice(at, at + _SLICE)
        part = _scaled(G[:, columns], None if scale is None else scale[columns])
        for top in range(0, len(G), _BLOCK):
            end = min(len(G), top + _BLOCK)
            gram[top:end, :end] += part[top:end] @ part[:end].t()
    return gram.tril() + gram.tril(-1).t()


def _scaled(own: torch.Tensor, scale: Optional[torch.Tensor]) -> torch.Tensor:
    wide = own.double()
    return wide if scale is None else wide * scale


def _all_directions(c: Curvature, K: int, gram: torch.Tensor) -> Factors:
    gram = gram.cpu()
    if not bool(torch.isfinite(gram).all()):
        return _lost(c.m, K)
    top, y = _largest(gram, lambda y: y / c.m)
    w = torch.tensor([top] if top > 0 else [], dtype=torch.float64)
    # Rounding of float32 rows in the largest eigenvalue.
    error = 2.0**-22 * max(top, 0.0)
    trace = float(gram.diagonal().sum()) / c.m
    parts = y.reshape(c.m, K).square().sum(1) if top > 0 else None
    return Factors(c.m, K, w, None, gram, "every factor of every held example", trace, error, len(gram), parts)


def _largest(gram: torch.Tensor, apply: Callable[[torch.Tensor], torch.Tensor]) -> tuple[float, torch.Tensor]:
    """
    Largest eigenvalue of A with its vector v, as y = Gᵀv [N], of a symmetric A that stays in the span of G: Lanczos with full
    reorthogonalization in coordinates x of v = G x, each beside its y. Where v has none, 0.

    gram   GᵀG, [N, N].
    apply  y ↦ coordinates of A v.

    Costs a product with the Gram matrix, and `apply`, a step; some dozens of steps, where a decomposition costs N of them.
    """
    N = len(gram)
    x = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    y = gram @ x
    length = float(x @ y)
    none = 0.0, torch.zeros(N, dtype=torch.float64)
    if not length > 0:
        return none
    X, Y = [x / length**0.5], [y / length**0.5]
    T = torch.zeros(0, 0, dtype=torch.float64)
    while True:
        x, xs, ys = apply(Y[-1]), torch.stack(X), torch.stack(Y)
        y = gram @ x
        column = torch.zeros(len(X), dtype=torch.float64)
        for _ in range(2):
            h = ys @ x
            x, y, column = x - h @ xs, y - h @ ys, column + h
        q = len(X)
        wider = torch.zeros(q, q, dtype=torch.float64)
        wider[:-1, :-1] = T
        wider[:, -1] = wider[-1, :] = column
        T = wider
        theta, S = torch.linalg.eigh(T)
        length = max(float(x @ y), 0.0) ** 0.5
        scale = float(theta.abs().max())
        if length * abs(float(S[-1, -1])) <= _CONVERGED * scale or length <= _NOISE * scale or q == N:
            return float(theta[-1]), S[:, -1] @ ys
        X.append(x / length)
        Y.append(y / length)


def _spread(gram: torch.Tensor, m: int) -> tuple[float, torch.Tensor]:
    """`Factors.nonuniformity` by the Gram matrix: Σ G x = G (D − GᵀG / m²) y at y = GᵀG x, D the diagonal blocks of GᵀG over m."""
    K = len(gram) // m
    blocks = gram.view(m, K, m, K).diagonal(dim1=0, dim2=2).permute(2, 0, 1).contiguous()

    def own(y: torch.Tensor) -> torch.Tensor:
        return torch.bmm(blocks, y.view(m, K, 1)).flatten()

    value, y = _largest(gram, lambda y: own(y) / m - gram @ y / m**2)
    if value <= 0:
        return 0.0, torch.zeros(m, dtype=torch.float64)
    s = value**0.5
    moved = (y * (own(y) - 2 / m * (gram @ y))).view(m, K).sum(1)
    return s, (moved - moved.mean()) / (2 * s)


def _lost(m: int, K: int) -> Factors:
    nan = torch.full((1,), float("nan"), dtype=torch.float64)
    return Factors(m, K, nan, torch.full((m, K, 1), float("nan"), dtype=torch.float64), None, "not finite", float("nan"), 0.0, 1)


def _all_parameters(c: Curvature, K: int, rows_: torch.Tensor, scale: Optional[torch.Tensor]) -> Factors:
    """Fewer parameters than factors: the d × d matrix is the smaller one."""
    G = _scaled(rows_, scale).cpu()
    flat = G.flatten(0, 1)
    H = flat.t() @ flat / c.m
    if not bool(torch.isfinite(H).all()):
        return _lost(c.m, K)
    w, V = torch.linalg.eigh(H)
    w, V = w.flip(0), V.flip(1)
    r = int((w > _NOISE * max(float(w[0]), 0.0)).sum()) if float(w[0]) > 0 else 0
    error = 2.0**-22 * float(w[0]) if r else 0.0
    full = min(c.m * K, c.size)
    A = G @ V[:, :r]
    # Directions of rounding are none: what is left is the whole of it.
    return Factors(c.m, K, w[:r].clone(), A, None, "every factor of every held example", float(w.sum()), error, r if r else full)


def _coordinates(c: Curvature, K: int, V: torch.Tensor) -> torch.Tensor:
    """V's products with every factor of this rank's share, [m, K, r] float64; the others' are 0."""
    A = torch.zeros(c.m, K, len(V), dtype=torch.float64)
    for piece in c.pieces():
        at = c.at_outputs(piece)
        S = root(loss_curvature(c, at.value, at.targets))
        for j, v in enumerate(V):
            tangent = at.along(v).flatten(1).double()
            A[piece, :, j] = torch.einsum("bkq,bk->bq", S, tangent).cpu()
    return A


def search_size(room: int, wanted: int) -> tuple[int, int]:
    """Vectors of a search, and how many directions it is for, in so many vectors' room; no direction where it is too small for one."""
    for r in range(wanted, 0, -1):
        beside = peak_vectors(least_vectors(r), r) - least_vectors(r)
        if least_vectors(r) + beside <= room:
            return min(3 * r + 4, room - beside), r
    return 0, 0


def _sharpest(
    c: Curvature,
    K: int,
    generator: torch.Generator,
    deadline: Deadline,
    *,
    closing: bool,
    scale: Optional[torch.Tensor],
    others: int = 0,
) -> Factors:
    """The top directions by block Lanczos on the Gauss–Newton matrix, then every factor's coordinates by a Jacobian product each."""
    plan = c.problem.plan
    most, r = search_size(plan.vectors(others) - (0 if scale is None else 1), min(_RANK[closing], c.size))
    if r == 0:
        plan.refuse("a search for the sharpest direction", others + (peak_vectors(least_vectors(1), 1) + 1) * plan.vector)
    own = None if scale is None else scale.to(c.dtype)

    def apply(v: torch.Tensor) -> torch.Tensor:
        return c.gauss_newton(v) if own is None else own * c.gauss_newton(own * v)

    tracker = Tracker(r, 1e-2, most)
    over = deadline.share(0.7)
    found = tracker.measure(apply, lambda: c.random(generator), over)
    del tracker
    V = found.vectors if own is None else found.vectors.mul_(own)
    A = c.summed(_coordinates, (c.m, K, len(V)), torch.float64, K, V).cpu()
    c.products += len(V)
    trace = float((A**2).sum()) / c.m
    # Rayleigh–Ritz in the span: the coordinates then have exactly these eigenvalues.
    flat = A.flatten(0, 1)
    if not bool(torch.isfinite(flat).all()):
        return _lost(c.m, K)
    w, U = torch.linalg.eigh(flat.t() @ flat / c.m)
    A = (flat @ U.flip(1)).reshape(A.shape)
    return Factors(
        c.m, K, w.flip(0).clamp(min=0), A, None, f"the sharpest {len(V)} directions", trace, found.errors[0], min(c.m * K, c.size)
    )
