"""
One plan for what a measurement takes beside the training and the model's copy: what autograd keeps of a piece of the examples, the
vectors that a product makes, and those that a search keeps, together below one bound.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import torch

from .errors import NotApplicable
from .tracker import least_vectors, peak_vectors

GIGABYTE = 2**30
# Vectors of length d that a product makes: the gradient with its graph, the result by parameters, their sum, one of a sum's terms.
OWN = 4
# Such vectors of a product in float64, with the model's copy, and of what it is compared with.
WIDE = 20
# Times what float32 takes of an example: numbers twice as long, and convolutions that PyTorch makes of matrices.
DOUBLE = 6
# Times what a forward pass stores, that a second derivative does.
SECOND = 4
# Vectors of a search that wants for nothing, and most examples at once.
BASIS, PIECE = 40, 512
# Eigenvalues that a watched run tracks.
_TOP = 2
# Bytes of a product below which neither its peak is measured nor memory is given back.
WORTH = 2**25
# Seconds between two looks, and bytes that a measured peak may be off by: what else lives in the process.
_LOOK, _SLACK = 1e-3, 2**24
# By which a measured peak is counted: another product may meet other pieces of free memory.
_MARGIN = 1.15


@dataclass(frozen=True)
class Plan:
    bound: int
    """Bytes, of everything."""
    each: int
    """Of an example: what autograd keeps for a second derivative."""
    vector: int
    """Of a vector of length d."""
    piece: int
    """Most examples at once."""
    kept: bool
    """Whether the gradient's graph of all examples at once has its place: it is then kept from product to product."""
    share: int
    """Examples that have their graphs at once: a piece, or all of a rank's."""

    @property
    def product(self) -> int:
        """What a product takes, bytes."""
        return self.each * self.share + OWN * self.vector

    @property
    def room(self) -> int:
        """What is left beside a product for vectors, rows and matrices; below 0 where a product alone is too much."""
        return self.bound - self.product

    def rows_at_once(self, room: int, row: int, count: int) -> int:
        """
        Examples whose rows are made together in so many bytes beside those of a product.

        row    bytes of one, with its copies.
        count  rows of an example: so many gradients of its activations are there at once.
        """
        free = room + (0 if self.kept else self.each * self.share)
        return max(1, min(self.piece, free // max(1, count * (row + 2 * self.each // SECOND))))

    def vectors(self, others: int = 0) -> int:
        """How many of length d there is room for beside so many bytes."""
        return (self.room - others) // self.vector

    def basis(self, top: int, length: int, others: int = 0) -> int:
        """
        Vectors of a search for `top` eigenvalues in vectors of so many bytes, beside other bytes.
        @raises NotApplicable where the smallest search has no room.
        """
        least = least_vectors(top)
        beside = peak_vectors(least, top) - least
        most = (self.room - others) // length - beside
        if most < least:
            self.refuse(f"a search in {least} vectors of {_said(length)}", (least + beside) * length + others)
        return min(BASIS, most)

    def give_back(self) -> None:
        """Between two parts of a reading, where they are large: what one left in pieces the other may not find."""
        if self.product >= WORTH:
            release()

    def wide(self, m: int, tied: bool) -> Optional[tuple[int, bool]]:
        """`piece` and `kept` for products in float64 beside those of this plan, over m examples; None where there is no room for one."""
        left, share = self.bound - WIDE * self.vector, min(self.share, m)
        if DOUBLE * self.each * share <= left:
            return self.piece, self.kept
        fitting = left // (DOUBLE * self.each)
        return (min(self.piece, fitting), False) if fitting >= 1 and not tied else None

    def refuse(self, what: str, room: int) -> None:
        """@raises NotApplicable, saying what it needs."""
        needed = self.product + room
        raise NotApplicable(
            f"{what} would take {_said(room)} beside a product's {_said(self.product)}, more than the {_said(self.bound)} of memory=…; "
            f'memory="{math.ceil(10 * needed / GIGABYTE) / 10:g}GB" would do'
        )


def _said(size: int) -> str:
    return f"{size / GIGABYTE:.3g} GB" if size >= GIGABYTE else f"{size / 2**20:.3g} MB"


def planned(bound: int, each: int, vector: int, *, m: int, ranks: int, whole: Optional[int], kept_vectors: int) -> Plan:
    """
    The graph of all examples at once where a search has its room beside it; else the smallest search, and of what is left the pieces
    get half; all of it where batch normalization ties a piece together, up to the batch that training normalizes.

    m             held examples, divided over the ranks.
    whole         examples that batch normalization would tie together; None where examples are independent.
    kept_vectors  of length d, kept from reading to reading.
    """
    share = -(-m // ranks)
    most = min(PIECE, m if whole is None else whole)

    def searching(vectors: int) -> int:
        return (OWN + kept_vectors + peak_vectors(vectors, _TOP)) * vector

    if each * share + searching(BASIS // 2) <= bound:
        return Plan(bound, each, vector, most, True, share)
    rest = bound - searching(least_vectors(_TOP))
    fitting = rest // each if whole is not None else rest // (2 * each)
    piece = max(1 if whole is None else min(2, whole), min(most, fitting))
    return Plan(bound, each, vector, piece, False, piece)


def forward_bytes(loss: Callable[[], Any], parameters: Any) -> int:
    """What autograd keeps of a forward pass, without the parameters."""
    stored = 0
    own = {p.data_ptr() for p in parameters}

    def pack(t: torch.Tensor) -> torch.Tensor:
        nonlocal stored
        if t.data_ptr() not in own:
            stored += t.numel() * t.element_size()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        loss()
    return stored


class Peak:
    """The most that a process, or a CUDA device, had at once while something ran, above what it had before. None: it cannot be told."""

    above: Optional[int] = None


@contextlib.contextmanager
def peak(device: torch.device) -> Iterator[Peak]:
    """Looked at by a thread: the counters that keep a peak are the script's own to reset."""
    found, look = Peak(), _counter(device)
    if look is None:
        yield found
        return
    before, done = look(), threading.Event()
    found.above = 0

    def watch() -> None:
        while not done.wait(_LOOK):
            found.above = max(found.above or 0, look() - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        done.set()
        thread.join()


def _counter(device: torch.device) -> Optional[Callable[[], int]]:
    """Bytes in use."""
    if device.type == "cuda":
        return lambda: int(torch.cuda.memory_allocated(device))
    pages = Path("/proc/self/statm")
    if device.type != "cpu" or not pages.exists():
        return None
    size = os.sysconf("SC_PAGE_SIZE")
    return lambda: int(pages.read_text().split()[1]) * size


def release() -> None:
    """Gives the system back what the allocator has free, as far as it lets us: what is measured next is then not found in there."""
    with contextlib.suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def corrected(plan: Plan, above: Optional[int]) -> int:
    """Bytes of an example by the peak of a product that was planned so."""
    if above is None or abs(above - plan.product) <= _SLACK:
        return plan.each
    # Less than a forward pass stores is none of a second derivative.
    return max(plan.each // SECOND, math.ceil(_MARGIN * (above - OWN * plan.vector) / plan.share))
