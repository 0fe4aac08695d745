"""
Largest eigenvalues of a symmetric operator, tracked from reading to reading.

Rayleigh–Ritz on a basis that the residuals of the open pairs extend. Every fourth reading, and one that is to be sure, starts from the
last one's vectors and a guard, the vector of the next eigenvalue: it knows the gap, and whoever overtakes is seen. Those between count
on half of that gap, in units of its eigenvalue, as long as this has moved by less than a quarter: one product may then do for a pair.
From nothing a reading takes twelve products at least.
Source: Parlett, The Symmetric Eigenvalue Problem, §11.7, §13; error bars §4.5 (residual) and §11.7 (Kato–Temple).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Callable, Optional

import torch

from .basis import Basis, End, Operator, Ritz, rows

# A search from nothing that ends sooner may sit on another eigenvalue, with an error bar that knows of no other.
_LEAST_COLD = 12
# Share of a random vector in the guard now and then: what no tracked vector has a part of grows from there.
_SHAKEN = 0.1
# A reading with a guard comes after so many. Others ask for theirs after so many turns, or where a value has moved by this share;
# until then this share of the gap that was seen is theirs.
_GUARDED, _UNGUARDED, _MOVED, _STILL = 4, 4, 0.25, 0.5


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


def least_vectors(top: int) -> int:
    """The smallest basis that finds so many eigenvalues: beside room for a direction of each, and another, between restarts."""
    return 2 * top + 2


def peak_vectors(most: int, top: int) -> int:
    """Vectors of length d that a search with such a basis keeps at most, with what it returns and leaves: both ends, and the guard."""
    return rows(most, top + 1, 1) + top + 2


class Tracker:
    """What a reading leaves to the next: the vectors of the `top` largest eigenvalues with their guard, and of the smallest if it was asked for."""

    def __init__(self, top: int, tolerance: float, most_vectors: int = 24) -> None:
        self.top, self.tolerance = top, tolerance
        self.most = max(most_vectors, least_vectors(top))
        self.last: Optional[torch.Tensor] = None
        self.guard: Optional[torch.Tensor] = None
        self.lowest: Optional[torch.Tensor] = None
        self.seen: Optional[Ritz] = None
        """What the last reading with a guard saw."""
        self.readings = 0

    def bytes(self) -> int:
        """Of what is kept from reading to reading."""
        return sum(v.numel() * v.element_size() for v in (self.last, self.guard, self.lowest) if v is not None)

    def measure(self, operator: Operator, start: Callable[[], torch.Tensor], over: Over = lambda: False) -> Pairs:
        """The largest eigenvalues of v ↦ A v, [d]; `start` draws a random vector."""
        return self.search(operator, start).largest(over)

    def search(self, operator: Operator, start: Callable[[], torch.Tensor], sure: bool = False) -> "Search":
        """sure  whether it asks for the guard, whatever the last reading saw."""
        return Search(self, operator, start, sure)


class Search:
    """One reading: the two ends of the spectrum are looked for in one basis. The tracker's vectors move into it."""

    def __init__(self, tracker: Tracker, operator: Operator, start: Callable[[], torch.Tensor], sure: bool) -> None:
        self._tracker, self._start = tracker, start
        self._cold = cold = tracker.last is None
        first = [] if tracker.last is None else list(tracker.last)
        shaken = tracker.readings % _GUARDED == 0
        guarded = sure or shaken or tracker.seen is None
        self._guard, lowest = tracker.guard, tracker.lowest
        if self._guard is not None and guarded:
            if shaken:
                random = start()
                self._guard = self._guard + _SHAKEN * random / random.norm()
            first.append(self._guard)
            self._guard = None
        while len(first) < tracker.top:
            first.append(start())
        if lowest is not None:
            first.append(lowest)
        tracker.last = tracker.guard = tracker.lowest = lowest = None
        tracker.readings += 1
        self._d = first[0].numel()
        self._least = min(self._d, _LEAST_COLD + tracker.top if cold else len(first) + shaken)
        self._basis = Basis(first, min(tracker.most, self._d), operator, 0 if self._guard is None else 1)

    def largest(self, over: Over = lambda: False) -> Pairs:
        tracker, basis, k = self._tracker, self._basis, min(self._tracker.top, self._d)
        found, ritz = self._refine("largest", k, tracker.tolerance, 0.0, over, guards=1)
        if ritz is not None:
            tracker.last = found.vectors
            if self._guard is None:
                tracker.seen = ritz
                tracker.guard = basis.combine(ritz.Y[:, k : k + 1])[0] if k < basis.count else None
            else:
                tracker.guard, self._guard = self._guard, None
        return found

    def smallest(self, tolerance: float, width: float, over: Over = lambda: False) -> Pairs:
        """
        The smallest eigenvalue, to a tolerance that refers to the scale of the spectrum, `width`, where that is larger. The basis then
        no longer holds the other end.
        """
        found, ritz = self._refine("smallest", 1, tolerance, width, over)
        if ritz is not None:
            self._tracker.lowest = found.vectors[0]
        return found

    def _refine(
        self, end: End, k: int, tolerance: float, width: float, over: Over, guards: int = 0
    ) -> tuple[Pairs, Optional[Ritz]]:
        """Of so many pairs, beside so many more. None where a product was not finite."""
        basis, turns = self._basis, 0
        while True:
            ritz = basis.ritz(k, end)
            if ritz is None:
                nan = [float("nan")] * k
                return Pairs(nan, nan, basis.vectors[:1].expand(k, -1).clone(), [0.0] * k, False), None
            if self._guard is not None:
                gaps = self._remembered(ritz)
                if gaps is None or turns > _UNGUARDED:
                    basis.add(self._guard)
                    self._guard = None
                    continue
                ritz = replace(ritz, gaps=gaps)
            elif not guards and turns == 0:
                # No direction yet in which a neighbour would show: the nearest Ritz value may be the other end's.
                ritz = replace(ritz, gaps=[0.0] * k)
            errors = [bar(r, g) for r, g in zip(ritz.residuals, ritz.gaps)]
            scale = [max(abs(v), width, 1e-30) for v in ritz.values]
            open_ = [i for i in range(len(errors)) if errors[i] > tolerance * scale[i]]
            done = not open_ and (self._guard is not None or basis.products >= self._least)
            full = basis.count >= self._d
            cut = not done and not full and over()
            if done or full or cut:
                break
            guard = min(k - 1 + guards, basis.count - 1)
            # Where the gap is what the last pair lacks, its neighbour has to be known better.
            blurred = k - 1 in open_ and ritz.gaps[k - 1] < ritz.residuals[k - 1] and guard >= k
            wanted = ritz.Y[:, [*open_, *([guard] if blurred or not open_ else [])]]
            if basis.count + wanted.shape[1] > basis.most:
                # The rotation leaves the Ritz pairs as they were.
                wanted = basis.restart(min(basis.most - wanted.shape[1] - 1, 2 * k + 4), wanted, end)
            turns += 1
            if not basis.extend(wanted) and not basis.add(self._start()):
                break
        if cut and self._cold:
            # From nothing, a residual says that there is an eigenvalue near, not that it is the outermost.
            errors = [float("inf")] * k
        return Pairs(ritz.values, errors, basis.combine(ritz.Y[:, :k]), ritz.gaps, cut), ritz

    def _remembered(self, ritz: Ritz) -> Optional[list[float]]:
        """What is left of the gaps that the last reading with a guard saw; None where a value has moved too far for any."""
        seen = self._tracker.seen
        assert seen is not None
        shares = [abs(new / old) if old else 0.0 for new, old in zip(ritz.values, seen.values)]
        if any(abs(share - 1) > _MOVED for share in shares):
            return None
        return [_STILL * share * gap for share, gap in zip(shares, seen.gaps)]
