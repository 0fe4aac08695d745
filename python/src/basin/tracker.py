"""
Largest eigenvalues of a symmetric operator, tracked from reading to reading.

Rayleigh–Ritz on a basis that the residuals of the open pairs extend, which is block Lanczos with full reorthogonalization and
thick restarts. A reading starts from the last one's vectors, and from nothing takes twelve products at least.
Source: Parlett, The Symmetric Eigenvalue Problem, §11.7, §13; error bars §4.5 (residual) and §11.7 (Kato–Temple).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

import torch

Operator = Callable[[torch.Tensor], torch.Tensor]
# A search from nothing that ends sooner may sit on another eigenvalue, with an error bar that knows of no other.
_LEAST_COLD = 12


@dataclass(frozen=True)
class Pairs:
    """Descending. `errors` hold for some eigenvalue near each value; `cut` says that the time was up first."""

    values: list[float]
    errors: list[float]
    vectors: torch.Tensor
    """[k, d], orthonormal."""
    gaps: list[float]
    """To the nearest other Ritz value less that one's residual; 0 where there is none."""
    cut: bool
    lowest: Optional[torch.Tensor] = None
    """Vector of the smallest Ritz value, where the search for the other end may start."""


def bar(residual: float, gap: float) -> float:
    """Error of a Ritz value: the residual, or residual² / gap where the neighbours leave one."""
    return min(residual, residual**2 / gap) if gap > residual else residual


class Tracker:
    def __init__(self, top: int, tolerance: float, most_vectors: int = 24) -> None:
        self.top, self.tolerance = top, tolerance
        self.most = max(most_vectors, 3 * top + 4)
        self.last: Optional[torch.Tensor] = None
        self.readings = 0

    def measure(
        self,
        operator: Operator,
        start: Callable[[], torch.Tensor],
        over: Callable[[], bool] = lambda: False,
        width: float = 0.0,
        extra: Optional[torch.Tensor] = None,
    ) -> Pairs:
        """
        operator  v ↦ A v, [d].
        start     a random vector [d].
        over      whether the time is up: the best so far is then returned as it is.
        width     scale of the spectrum that the tolerance refers to where it is larger than the eigenvalue.
        extra     another vector to begin with.
        """
        cold = self.last is None
        first = [] if self.last is None else list(self.last)
        if extra is not None:
            first.append(extra)
        # Every fourth reading looks where the tracked vectors do not reach.
        if cold or self.readings % 4 == 0:
            first.append(start())
        while len(first) < self.top:
            first.append(start())
        self.readings += 1
        d = first[0].numel()
        k = min(self.top, d)
        basis = _Basis(first[0], min(self.most, d))
        products = basis.extend(first, operator)
        least = min(d, _LEAST_COLD + self.top if cold else k + 1)
        while True:
            ritz = basis.ritz(k)
            if ritz is None:
                nan = [float("nan")] * k
                return Pairs(nan, nan, basis.V[:1].expand(k, -1), [0.0] * k, False)
            errors = [bar(r, g) for r, g in zip(ritz.residuals, ritz.gaps)]
            scale = [max(abs(v), width, 1e-30) for v in ritz.values]
            open_ = [i for i in range(len(errors)) if errors[i] > self.tolerance * scale[i]]
            done = not open_ and products >= least
            full = basis.count >= d
            cut = not done and not full and over()
            if done or full or cut:
                break
            new = [ritz.defects[i] for i in (open_ or [0])]
            if basis.count + len(new) > basis.most:
                basis.restart(min(basis.most - len(new) - 1, 2 * k + 4))
                # The rotation leaves the Ritz pairs as they were.
            added = basis.extend(new, operator)
            if added == 0:
                added = basis.extend([start()], operator)
            products += added
            if added == 0:
                break
        self.last = ritz.vectors.clone()
        return Pairs(ritz.values, errors, ritz.vectors, ritz.gaps, cut, ritz.lowest)


@dataclass
class _Ritz:
    values: list[float]
    residuals: list[float]
    gaps: list[float]
    vectors: torch.Tensor
    defects: torch.Tensor
    lowest: torch.Tensor


class _Basis:
    """Orthonormal V [q, d] and A V."""

    def __init__(self, like: torch.Tensor, most: int) -> None:
        self.most = most
        self.V = torch.zeros(most, like.numel(), dtype=like.dtype, device=like.device)
        self.AV = torch.zeros_like(self.V)
        self.count = 0

    def extend(self, vectors: list[torch.Tensor], operator: Operator) -> int:
        """Adds what of the vectors is new. Returns the products taken."""
        added = 0
        for v in vectors:
            if self.count >= self.most:
                break
            w = self._orthonormal(v)
            if w is None:
                continue
            self.V[self.count] = w
            self.AV[self.count] = operator(w)
            self.count += 1
            added += 1
        return added

    def _orthonormal(self, v: torch.Tensor) -> Optional[torch.Tensor]:
        length = float(v.norm())
        if not length > 0 or length == float("inf"):
            return None
        w = v / length
        V = self.V[: self.count]
        for _ in range(3):
            if self.count:
                w = w - V.t() @ (V @ w)
            now = float(w.norm())
            if now < 1e-6:
                return None
            w = w / now
            if now > 0.7:
                break
        return w

    def _projected(self) -> torch.Tensor:
        T = (self.V[: self.count] @ self.AV[: self.count].t()).double()
        return (T + T.t()) / 2

    def ritz(self, k: int) -> Optional[_Ritz]:
        T = self._projected()
        if not bool(torch.isfinite(T).all()):
            return None
        theta, Y = torch.linalg.eigh(T)
        theta, Y = theta.flip(0), Y.flip(1)
        seen = min(k + 1, self.count)
        C = Y[:, :seen].t().to(self.V)
        X, AX = C @ self.V[: self.count], C @ self.AV[: self.count]
        defects = AX - theta[:seen].to(X).unsqueeze(1) * X
        residuals = defects.norm(dim=1).tolist()
        values = theta[:seen].tolist()
        gaps = []
        for i in range(min(k, seen)):
            others = [abs(values[i] - values[j]) - residuals[j] for j in range(seen) if j != i]
            gaps.append(max(0.0, min(others)) if others and i + 1 < seen else 0.0)
        k = min(k, seen)
        low = Y[:, -1].to(self.V) @ self.V[: self.count]
        return _Ritz(values[:k], residuals[:k], gaps, X[:k], defects[:k], low)

    def restart(self, keep: int) -> None:
        _, Y = torch.linalg.eigh(self._projected())
        C = Y.flip(1)[:, :keep].t().to(self.V)
        V, AV = C @ self.V[: self.count], C @ self.AV[: self.count]
        self.V[:keep], self.AV[:keep] = V, AV
        self.count = keep
