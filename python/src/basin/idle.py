"""What `basin.watch` returns on the ranks that measure nothing."""

from __future__ import annotations

from typing import Any


class Idle:
    """Takes every call of a `Probe` and does nothing."""

    should_stop = False
    folder = None

    def __enter__(self) -> "Idle":
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def step(self, loss: Any = None) -> None:
        return None

    def log(self, **values: float) -> None:
        return None

    def save(self, state: Any) -> None:
        return None

    def show(self) -> None:
        return None

    def close(self) -> None:
        return None
