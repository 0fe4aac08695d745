"""A reading: one metric measured once, with everything that explains it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Callable, Optional, Union

Value = Union[float, list[float]]


@dataclass
class Readings:
    """What one probe measured at one step."""

    values: dict[str, Value] = field(default_factory=dict)
    how: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    products: float = 0.0
    seconds: float = 0.0
    cut: bool = False
    """Whether the time was up before it was done."""

    def add(self, metric: str, value: Value, how: str, method: str, error: Optional[Value] = None) -> None:
        self.values[metric] = value
        self.how[metric] = {"how": how, "method": method}
        if error is not None:
            self.values[metric + ".error"] = error


class Deadline:
    """Until when a reading may go on."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds

    def over(self) -> bool:
        return time.monotonic() >= self.end

    def left(self) -> float:
        """Seconds."""
        return self.end - time.monotonic()

    def share(self, part: float) -> Callable[[], bool]:
        """Over once this part of what is left has gone."""
        now = time.monotonic()
        end = now + part * max(0.0, self.end - now)
        return lambda: time.monotonic() >= end
