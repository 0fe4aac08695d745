"""
Largest eigenvalues of a symmetric operator, tracked from reading to reading.

Rayleigh–Ritz on a basis that the residuals of the open pairs extend. A reading starts from the last one's vectors and a guard, the
vector of the next eigenvalue: it knows the gap, and whoever overtakes is seen. From nothing it takes twelve products at least.
Source: Parlett, The Symmetric Eigenvalue Problem, §11.7, §13; error bars §4.5 (residual) and §11.7 (Kato–Temple).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Callable, Optional

import torch

from .basis import Basis, End, Operator

# A search from nothing that ends sooner may sit on another eigenvalue, with an error bar that knows of no other.
_LEAST_COLD = 12
# Share of a random vector in the guard now and then: what no tracked vector has a part of grows from there.
_SHAKEN = 0.1


@dataclass(frozen=True)
class Pairs:
    """From an end inwards. `errors` hold for some eigenvalue near each value; `cut` says that the time was up first."""

    values: list[float]
    errors: list[float]
    vectors: torch.Tensor
    """[k, d], orthonormal."""
    gaps: list[float]
    """As a basis gives them."""
    cut: bool


def bar(residual: float, gap: float) -> float:
    """Error of a Ritz value: the residual, or residual² / gap where the neighbours leave one."""
    return min(residual, residual**2 / gap) if gap > residual else residual


Over = Callable[[], bool]
"""Whether the time is up: the best so far is then returned as it is."""


class Tracker:
    """What a reading leaves to the next: the vectors of the `top` largest eigenvalues with their guard, and of the smallest if it was asked for."""

    def __init__(self, top: int, tolerance: float, most_vectors: int = 24) -> None:
        self.top, self.tolerance = top, tolerance
        self.most = max(most_vectors, 3 * top + 4)
        self.last: Optional[torch.Tensor] = None
        self.lowest: Optional[torch.Tensor] = None
        self.readings = 0

    def measure(self, operator: Operator, start: Callable[[], torch.Tensor], over: Over = lambda: False) -> Pairs:
        """The largest eigenvalues of v ↦ A v, [d]; `start` draws a random vector."""
        return self.search(operator, start).largest(over)

    def search(self, operator: Operator, start: Callable[[], torch.Tensor]) -> "Search":
        return Search(self, operator, start)


class Search:
    """One reading: the two ends of the spectrum are looked for in one basis."""

    def __init__(self, tracker: Tracker, operator: Operator, start: Callable[[], torch.Tensor]) -> None:
        self._tracker, self._start = tracker, start
        cold = tracker.last is None
        first = [] if tracker.last is None else list(tracker.last)
        if len(first) > tracker.top and tracker.readings % 4 == 0:
            random = start()
            first[tracker.top] = first[tracker.top] + _SHAKEN * random / random.norm()
        while len(first) < tracker.top:
            first.append(start())
        if tracker.lowest is not None:
            first.append(tracker.lowest)
        tracker.readings += 1
        self._d = first[0].numel()
        self._basis = Basis(first, min(tracker.most, self._d), operator)
        self._least = min(self._d, _LEAST_COLD + tracker.top if cold else len(first) + 1)

    def largest(self, over: Over = lambda: False) -> Pairs:
        found = self._refine("largest", self._tracker.top, self._tracker.tolerance, 0.0, over, guards=1)
        if _finite(found):
            self._tracker.last = found.vectors
        return replace(found, vectors=found.vectors[: self._tracker.top])

    def smallest(self, tolerance: float, width: float, over: Over = lambda: False) -> Pairs:
        """
        The smallest eigenvalue, to a tolerance that refers to the scale of the spectrum, `width`, where that is larger. The basis then
        no longer holds the other end.
        """
        found = self._refine("smallest", 1, tolerance, width, over)
        if _finite(found):
            self._tracker.lowest = found.vectors[0].clone()
        return found

    def _refine(self, end: End, top: int, tolerance: float, width: float, over: Over, guards: int = 0) -> Pairs:
        """Of so many pairs, with the vectors of so many more."""
        basis, k = self._basis, min(top, self._d)
        while True:
            ritz = basis.ritz(k, end)
            if ritz is None:
                nan = [float("nan")] * k
                return Pairs(nan, nan, basis.vectors[:1].expand(k, -1), [0.0] * k, False)
            errors = [bar(r, g) for r, g in zip(ritz.residuals, ritz.gaps)]
            scale = [max(abs(v), width, 1e-30) for v in ritz.values]
            open_ = [i for i in range(len(errors)) if errors[i] > tolerance * scale[i]]
            done = not open_ and basis.products >= self._least
            full = basis.count >= self._d
            cut = not done and not full and over()
            if done or full or cut:
                break
            wanted = ritz.Y[:, open_ or [min(k - 1 + guards, basis.count - 1)]]
            if basis.count + wanted.shape[1] > basis.most:
                # The rotation leaves the Ritz pairs as they were.
                wanted = basis.restart(min(basis.most - wanted.shape[1] - 1, 2 * k + 4), wanted, end)
            if not basis.extend(wanted) and not basis.add(self._start()):
                break
        return Pairs(ritz.values, errors, basis.combine(ritz.Y[:, : k + guards]), ritz.gaps, cut)


def _finite(found: Pairs) -> bool:
    return all(math.isfinite(value) for value in found.values)
