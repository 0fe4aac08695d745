"""What `basin.watch` returns on the ranks that write nothing."""

from __future__ import annotations

import warnings
from types import TracebackType
from typing import Any, Mapping, Optional

from .measuring import measuring
from .problem import Setup


class Follower:
    """
    Takes every call of a `Probe`. With a setup it measures its share of the held examples where rank 0 asks for it, and stops with
    rank 0; without one it does nothing.
    """

    folder = None

    def __init__(self, setup: Optional[Setup] = None, probes: Optional[Mapping[str, int]] = None, accumulation: int = 1) -> None:
        self._setup, self._probes = setup, dict(probes or {})
        self._team = setup.team if setup else None
        self._accumulation, self._calls, self._step = accumulation, 0, 0
        self._stop = False

    @property
    def should_stop(self) -> bool:
        """As on rank 0 at this step."""
        return self._stop

    def __enter__(self) -> "Follower":
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if error is None:
            self.close()
        elif self._team:
            self._team.leave()

    def step(self, loss: Any = None) -> None:
        self._calls += 1
        if self._calls % self._accumulation:
            return
        self._step += 1
        due = any(self._step % every == 0 for every in self._probes.values())
        if self._team is None or not self._team.talks(self._step, due):
            return
        interrupt = False
        try:
            self._stop, interrupt, closed = self._team.hear()
            if closed:
                self._team.leave()
            elif due:
                self.serve()
        except RuntimeError as error:
            self._gone(error)
        if interrupt:
            raise KeyboardInterrupt("Basin was asked to stop this run")

    def serve(self) -> None:
        assert self._setup is not None
        with measuring(self._setup):
            self._setup.serve()

    def begin(self, step: int) -> None:
        """The readings of the start, and the step that the log goes on from."""
        self._step = step
        self.serve()

    def log(self, **values: float) -> None:
        return None

    def save(self, state: Any) -> None:
        return None

    def show(self) -> None:
        return None

    def close(self) -> None:
        """The closing readings, as long as rank 0 takes them."""
        if self._team is None or not self._team.alive:
            return
        try:
            self.serve()
        except RuntimeError as error:
            self._gone(error)
        self._team.leave()

    def _gone(self, error: RuntimeError) -> None:
        warnings.warn(f"basin: the ranks no longer measure together ({str(error).splitlines()[0]}); training goes on.", stacklevel=4)
