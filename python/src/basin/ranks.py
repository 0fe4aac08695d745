"""
The processes of a training run (DistributedDataParallel) measuring together: rank 0 takes the readings, and every sum over the held
examples that it needs is one over the ranks, each with the examples of its own share.

Rank 0 alone decides: it sends each vector and what is to be summed, the others serve. A rank that fails takes part with zeros and a
mark, so that nobody waits for one that raised. The group is a gloo one of its own: the script's collectives are not met.
"""

from __future__ import annotations

import contextlib
import math
import pickle
import time
from typing import Any, Callable, Iterator, Optional, Sequence

import torch
import torch.distributed as dist

from .errors import BasinError, NotApplicable

# Seconds between two words about stopping, in steps of the speed last seen.
_TALK_EVERY = 0.3
_MOST_STEPS = 1000
# Bytes of a message that says what is to be summed.
_HEAD = 512

Part = Callable[..., torch.Tensor]
"""A function of a point and arguments, found by its name on every rank: this rank's part of a sum."""


def world() -> tuple[int, int]:
    """Rank and number of ranks as torch.distributed knows them; (0, 1) where it was not initialized."""
    if dist.is_available() and dist.is_initialized():
        return dist.get_rank(), dist.get_world_size()
    return 0, 1


class Team:
    """Every rank makes one, in the same order among its collectives."""

    def __init__(self) -> None:
        self.rank, self.ranks = world()
        self._group: Any = dist.new_group(backend="gloo")
        self._midway = False
        self._failure: Optional[Exception] = None
        self._next = 1
        self._talked = (0, time.monotonic())

    @property
    def alive(self) -> bool:
        return self._group is not None

    # Once, while everybody is in `watch`.

    def same(self, value: Any = None) -> Any:
        """Rank 0's value, on every rank."""
        box = [value]
        dist.broadcast_object_list(box, src=0, group=self._group)
        return box[0]

    def every(self, flag: bool) -> bool:
        """Whether it is so on every rank."""
        count = torch.tensor([flag], dtype=torch.int64)
        dist.all_reduce(count, group=self._group)
        return int(count) == self.ranks

    def agree(self, error: Optional[BaseException]) -> None:
        """@raises on every rank where one has an error: there its own, elsewhere a BasinError that tells of it."""
        said: list[Any] = [None] * self.ranks
        dist.all_gather_object(said, None if error is None else str(error), group=self._group)
        if error is not None:
            self.leave()
            raise error
        for rank, text in enumerate(said):
            if text is not None:
                self.leave()
                raise BasinError(f"basin: rank {rank} cannot be measured on: {text}")

    # Between steps: rank 0 tells, the others hear.

    def talks(self, step: int, due: bool) -> bool:
        return self.alive and (due or step >= self._next)

    def tell(self, step: int, *, stop: bool, interrupt: bool, closed: bool) -> None:
        """Rank 0: what everybody is to know from this step on, and when the next word is due."""
        before, at = self._talked
        now = time.monotonic()
        pace = max((now - at) / max(1, step - before), 1e-6)
        after = step + max(1, min(_MOST_STEPS, int(_TALK_EVERY / pace)))
        self._talked = (step, now)
        with self._exchange():
            dist.broadcast(torch.tensor([stop, interrupt, closed, after]), src=0, group=self._group)
        self._next = after

    def hear(self) -> tuple[bool, bool, bool]:
        """Stop, interrupt, closed."""
        said = torch.zeros(4, dtype=torch.int64)
        with self._exchange():
            dist.broadcast(said, src=0, group=self._group)
        self._next = int(said[3])
        return bool(said[0]), bool(said[1]), bool(said[2])

    # Measuring.

    def open(self, tensors: Sequence[torch.Tensor], refresh: Callable[[], None], together: bool) -> None:
        """
        Rank 0: a new θ. Everybody measures at rank 0's parameters and buffers.

        refresh   takes them from the script's model into `tensors`; a collective of the script's own processes where `together`.
        """
        if not together:
            refresh()
        with self._exchange():
            self._post(("open", None, together, (), None, None))
            if together:
                refresh()
            for t in tensors:
                self._broadcast(t)

    def sum(
        self, part: Part, shape: Sequence[int], dtype: torch.dtype, point: Any, given: Sequence[Any], wide: bool
    ) -> torch.Tensor:
        """
        Rank 0: Σ of `part` over the ranks' shares, of this shape.
        @raises what was raised on a rank, by its name, once everybody is back.
        """
        shapes = [("tensor", tuple(g.shape), g.dtype) if isinstance(g, torch.Tensor) else ("plain", g) for g in given]
        with self._exchange():
            self._post(("sum", part, wide, shapes, tuple(shape), dtype))
            for g in given:
                if isinstance(g, torch.Tensor):
                    self._broadcast(g)
            total = self._reduced(lambda: part(point, *given), shape, dtype)
        if total is not None:
            return total.to(point.device)
        with self._exchange():
            self._post(("why", None, False, (), None, None))
            reasons = self._reasons()
        if self._failure is not None:
            raise self._failure
        rank, (inapplicable, text) = next((k, reason) for k, reason in enumerate(reasons) if reason is not None)
        raise NotApplicable(text) if inapplicable else RuntimeError(f"rank {rank}: {text}")

    def done(self) -> None:
        """Rank 0: the others go back to training."""
        if self.alive and not self._midway:
            with self._exchange():
                self._post(("done", None, False, (), None, None))

    def serve(self, tensors: Sequence[torch.Tensor], refresh: Callable[[], None], make: Callable[[], Any]) -> None:
        """
        The others: takes part in rank 0's sums until it is done.

        tensors  parameters and buffers, which get rank 0's.
        refresh  takes part in gathering them.
        make     the point at them.
        """
        point: Any = None
        while True:
            with self._exchange():
                kind, part, wide, shapes, shape, dtype = self._posted()
                if kind == "done":
                    return
                if kind == "why":
                    self._reasons()
                    continue
                if kind == "open":
                    point = None
                    if wide:
                        refresh()
                    for t in tensors:
                        t.detach().copy_(self._receive(tuple(t.shape), t.dtype))
                    continue
                given = [self._receive(*s[1:]) if s[0] == "tensor" else s[1] for s in shapes]

                def own() -> torch.Tensor:
                    nonlocal point
                    point = point or make()
                    at = point.wide() if wide else point
                    if at is None:
                        raise RuntimeError("the model cannot be evaluated in float64")
                    return part(at, *[g.to(at.device) if isinstance(g, torch.Tensor) else g for g in given])

                self._reduced(own, shape, dtype)

    def leave(self) -> None:
        """Whoever waits for this rank learns that it is gone."""
        group, self._group = self._group, None
        if group is not None and dist.is_initialized():
            with contextlib.suppress(Exception):  # The script has ended the process group already.
                dist.destroy_process_group(group)

    @contextlib.contextmanager
    def _exchange(self) -> Iterator[None]:
        """What breaks off in the midst of an exchange, an interrupt above all, leaves the group: the others would wait for the rest."""
        if not self.alive:
            raise RuntimeError("the ranks no longer measure together")
        self._midway = True
        try:
            yield
        except BaseException:
            self.leave()
            raise
        self._midway = False

    def _reduced(self, compute: Callable[[], torch.Tensor], shape: Sequence[int], dtype: torch.dtype) -> Optional[torch.Tensor]:
        """Σ over the ranks, on rank 0; None where it failed on one of them. How many did is one more number of the sum."""
        self._failure = None
        try:
            own = compute().detach().to("cpu", dtype).reshape(-1)
        except Exception as error:
            self._failure = error
            own = torch.zeros(math.prod(shape), dtype=dtype)
        both = torch.cat([own, torch.tensor([float(self._failure is not None)], dtype=dtype)])
        dist.reduce(both, dst=0, group=self._group)
        return both[:-1].reshape(tuple(shape)) if float(both[-1]) == 0 else None

    def _reasons(self) -> list[Any]:
        error = self._failure
        own = None if error is None else (isinstance(error, NotApplicable), str(error) if isinstance(error, NotApplicable) else f"{type(error).__name__}: {error}")
        said: list[Any] = [None] * self.ranks
        dist.all_gather_object(said, own, group=self._group)
        return said

    def _post(self, message: Any) -> None:
        """One small broadcast, as a rule; `broadcast_object_list` takes two."""
        raw = pickle.dumps(message)
        head = bytearray(len(raw).to_bytes(8, "little") + raw[: _HEAD - 8]).ljust(_HEAD, b"\0")
        dist.broadcast(torch.frombuffer(head, dtype=torch.uint8), src=0, group=self._group)
        if len(raw) > _HEAD - 8:
            dist.broadcast(torch.frombuffer(bytearray(raw), dtype=torch.uint8), src=0, group=self._group)

    def _posted(self) -> Any:
        head = torch.zeros(_HEAD, dtype=torch.uint8)
        dist.broadcast(head, src=0, group=self._group)
        raw = bytes(head.tolist())
        size = int.from_bytes(raw[:8], "little")
        if size > _HEAD - 8:
            rest = torch.zeros(size, dtype=torch.uint8)
            dist.broadcast(rest, src=0, group=self._group)
            raw = bytes(8) + bytes(rest.tolist())
        return pickle.loads(raw[8 : 8 + size])

    def _broadcast(self, t: torch.Tensor) -> None:
        raw = t.detach().cpu().contiguous()
        dist.broadcast(raw.view(torch.uint8) if raw.dtype == torch.bool else raw, src=0, group=self._group)

    def _receive(self, shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        t = torch.empty(shape, dtype=torch.uint8 if dtype == torch.bool else dtype)
        dist.broadcast(t, src=0, group=self._group)
        return t.view(torch.bool) if dtype == torch.bool else t
