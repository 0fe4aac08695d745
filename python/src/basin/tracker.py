"""
Largest eigenvalues of a symmetric operator, tracked from reading to reading.

Rayleigh–Ritz on a basis that the residuals of the open pairs extend. A reading starts from the last one's vectors, and from nothing takes
twelve products at least.
Source: Parlett, The Symmetric Eigenvalue Problem, §11.7, §13; error bars §4.5 (residual) and §11.7 (Kato–Temple).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

import torch

from .basis import Basis, Operator

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
        basis = Basis(first, min(self.most, d), operator)
        least = min(d, _LEAST_COLD + self.top if cold else k + 1)
        while True:
            ritz = basis.ritz(k)
            if ritz is None:
                nan = [float("nan")] * k
                return Pairs(nan, nan, basis.vectors[:1].expand(k, -1), [0.0] * k, False)
            errors = [bar(r, g) for r, g in zip(ritz.residuals, ritz.gaps)]
            scale = [max(abs(v), width, 1e-30) for v in ritz.values]
            open_ = [i for i in range(len(errors)) if errors[i] > self.tolerance * scale[i]]
            done = not open_ and basis.products >= least
            full = basis.count >= d
            cut = not done and not full and over()
            if done or full or cut:
                break
            wanted = ritz.Y[:, open_ or [0]]
            if basis.count + wanted.shape[1] > basis.most:
                # The rotation leaves the Ritz pairs as they were.
                wanted = basis.restart(min(basis.most - wanted.shape[1] - 1, 2 * k + 4), wanted)
            if not basis.extend(wanted) and not basis.add(start()):
                break
        found = basis.combine(ritz.Y[:, :k])
        self.last = found.clone()
        return Pairs(ritz.values, errors, found, ritz.gaps, cut, basis.combine(ritz.Y[:, -1:])[0])

