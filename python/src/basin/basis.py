"""
An orthonormal basis that products with a symmetric operator extend, and the Ritz pairs in it.

A V = [V Z] C, with V [d, q] the basis and Z [d, p] what its products have outside of it, all orthonormal; p is at most the number of
vectors that it began with or was given. With P the upper q rows of C and B the others, a Ritz pair (θ, V y) has the residual ‖B y‖, which
takes no vector of length d to know, and the next direction is Z B y: by symmetry its row of C is its column of P, so that no product is kept.
This is band Lanczos with full reorthogonalization and thick restarts (Ruhe 1979; Wu & Simon 2000).

Besides the product a vector costs about two passes over the basis. Memory: (q + p) d numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Literal, Optional

import torch

Operator = Callable[[torch.Tensor], torch.Tensor]
# Passes of Gram–Schmidt: another one where the last took most of the vector away (Daniel et al. 1976).
_PASSES, _TAKEN = 4, 0.7
# Directions below this share of the largest that is asked for are not worth a product.
_SLIGHT = 1e-2
# Columns of the basis that are rotated at once: a copy of the basis would be as large as the basis.
_COLUMNS = 2**16


End = Literal["largest", "smallest"]


@dataclass(frozen=True)
class Ritz:
    """From an end of the spectrum inwards. Of the first that were asked for, but for Y."""

    values: list[float]
    residuals: list[float]
    gaps: list[float]
    """To the nearest other Ritz value less twice that one's residual, for another eigenvalue may lie nearer; 0 where there is none."""
    Y: torch.Tensor
    """All Ritz vectors in the basis, [q, q]."""


class Basis:
    """Vectors are rows here: the first q of W are V, the next p are Z."""

    def __init__(self, first: list[torch.Tensor], most: int, operator: Operator, later: int = 0) -> None:
        """
        first  vectors to begin with; the list is emptied, so that they are not kept twice.
        most   vectors of V.
        later  how many that are no residuals may be added.
        """
        like = first[0]
        self.most, self.operator = most, operator
        self.count, self.products = 0, 0
        self._outside = 0
        # Not zeros: memory that no vector comes to lie in is then never touched.
        self._W = torch.empty(rows(most, len(first), later), like.numel(), dtype=like.dtype, device=like.device)
        self._rounding = 10 * torch.finfo(like.dtype).eps
        del like, first[most:]
        while first:
            own = self._new(first.pop(0))
            if own is not None:
                self._W[self.count] = own
                self.count += 1
        self._C = torch.zeros(self.count, self.count, dtype=torch.float64)
        for j in range(self.count):
            self._apply(j)

    @property
    def vectors(self) -> torch.Tensor:
        """[q, d]"""
        return self._W[: self.count]

    @property
    def _P(self) -> torch.Tensor:
        return self._C[: self.count]

    @property
    def _B(self) -> torch.Tensor:
        return self._C[self.count :]

    def combine(self, Y: torch.Tensor) -> torch.Tensor:
        """V Y as rows, [columns of Y, d]."""
        return Y.t().to(self._W) @ self.vectors

    def ritz(self, k: int, end: End = "largest") -> Optional[Ritz]:
        """The k outermost; None where a product was not finite."""
        if not bool(torch.isfinite(self._C).all()):
            return None
        T = self._symmetric()
        theta, Y = _from(end, T)
        seen = min(k + 1, self.count)
        # What P lacks in symmetry lies inside the basis, and is part of the residual all the same.
        rest = torch.cat([self._P - T, self._B]) @ Y[:, :seen]
        residuals, values = rest.norm(dim=0).tolist(), theta[:seen].tolist()
        k = min(k, seen)
        gaps = []
        for i in range(k):
            others = [abs(values[i] - values[j]) - 2 * residuals[j] for j in range(seen) if j != i]
            gaps.append(max(0.0, min(others)) if others and i + 1 < seen else 0.0)
        return Ritz(values[:k], residuals[:k], gaps, Y)

    def extend(self, Y: torch.Tensor) -> bool:
        """Adds the residuals of V Y, [q, columns]: at most as many products. Returns whether there were any."""
        q, p = self.count, self._outside
        if p == 0:
            return False
        U, sizes, _ = torch.linalg.svd(self._B @ Y)
        wanted = max(1, int((sizes > _SLIGHT * sizes[0]).sum()))
        if p > 1:
            self._rotate(U.t(), slice(q, q + p), slice(q, q + p))
            self._C[q:] = U.t() @ self._B
        for _ in range(min(wanted, self.most - q)):
            self._append()
        return True

    def add(self, v: torch.Tensor) -> bool:
        """Adds what of v is new. Returns whether anything was."""
        q, p = self.count, self._outside
        own = self._new(v) if q < self.most and q + p + 2 <= len(self._W) else None
        if own is None:
            return False
        # It comes first of those outside; nothing that is known of a product has a part along it.
        self._W[q + p] = self._W[q]
        self._W[q] = own
        self._C = torch.cat([self._P, self._C.new_zeros(1, q), self._B[1:], self._B[:1]])
        self._outside = p + 1
        self._append()
        return True

    def restart(self, keep: int, Y: torch.Tensor, end: End = "largest") -> torch.Tensor:
        """Keeps the span of the outermost Ritz vectors. Returns Y in it."""
        q, p = self.count, self._outside
        kept = _from(end, self._symmetric())[1][:, :keep]
        R = torch.zeros(keep + p, q + p, dtype=torch.float64)
        R[:keep, :q] = kept.t()
        R[keep:, q:] = torch.eye(p)
        self._rotate(R, slice(0, q + p), slice(0, keep + p))
        self._C = torch.cat([kept.t() @ self._P @ kept, self._B @ kept])
        self.count = keep
        return kept.t() @ Y

    def _rotate(self, R: torch.Tensor, rows: slice, into: slice) -> None:
        own = R.to(self._W)
        for at in range(0, self._W.shape[1], _COLUMNS):
            columns = slice(at, at + _COLUMNS)
            self._W[into, columns] = own @ self._W[rows, columns]

    def _symmetric(self) -> torch.Tensor:
        return (self._P + self._P.t()) / 2

    def _append(self) -> None:
        """Takes the first vector outside into the basis: of its product the part in the basis is known."""
        q = self.count
        self.count, self._outside = q + 1, self._outside - 1
        column = self._C.new_zeros(len(self._C), 1)
        column[:q, 0] = self._C[q]
        self._C = torch.cat([self._C, column], 1)
        self._apply(q)

    def _apply(self, j: int) -> None:
        """Column j of C, on top of what is known of it. What is left of the product is one more vector outside."""
        a = self.operator(self._W[j])
        if a.data_ptr() == self._W[j].data_ptr():
            a = a.clone()
        self.products += 1
        known = self._C[:, j].abs()
        for place in (known > self._rounding * known.max()).nonzero().flatten().tolist():
            a.sub_(self._W[place], alpha=float(self._C[place, j]))
        coefficients, rest, length = self._split(a)
        self._C[:, j] += coefficients
        if length > self._rounding * float(self._C.abs().max()):
            torch.div(rest, length, out=self._W[self.count + self._outside])
            self._outside += 1
            row = self._C.new_zeros(1, self._C.shape[1])
            row[0, j] = length
            self._C = torch.cat([self._C, row])

    def _split(self, a: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, float]:
        """Coefficients of a in W, what is left in the place of a, and its length (0 where rounding is all of it)."""
        W = self._W[: self.count + self._outside]
        coefficients = torch.zeros(len(W), dtype=torch.float64)
        length = float(a.norm())
        for _ in range(_PASSES):
            h = W @ a
            a.addmv_(W.t(), h, alpha=-1)
            coefficients += h.double().cpu()
            before, length = length, float(a.norm())
            if not length < _TAKEN * before:
                return coefficients, a, length
        return coefficients, a, 0.0

    def _new(self, v: torch.Tensor) -> Optional[torch.Tensor]:
        """v's part outside of W at length 1; None where there is none."""
        length = float(v.norm())
        if not 0 < length < float("inf"):
            return None
        _, rest, left = self._split(v / length)
        return rest / left if left > 1e-6 else None


def rows(most: int, first: int, later: int = 0) -> int:
    """Vectors of length d that a basis keeps at most."""
    return most + min(most, first) + later


def _from(end: End, T: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues and vectors from an end inwards."""
    theta, Y = torch.linalg.eigh(T)
    return (theta, Y) if end == "smallest" else (theta.flip(0), Y.flip(1))
