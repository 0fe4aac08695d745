"""Which readings a share of the wall time allows."""

from __future__ import annotations

from typing import Optional


# Seconds that one reading may take while training, unless one of its probe was cut short.
_READING = 60.0
# Times what a reading took that was cut short, the next one of its probe may take.
_LONGER = 2.0


class Budget:
    """
    share  of the wall time that readings may take; None for no bound. A reading over it is skipped, never queued; the first of each
           probe is taken. One that was cut short gets twice the time when it comes again, which is when the share has it. Every probe
           has an equal part; beyond it a probe goes on only while none that has had less waits for its turn, so that many cheap
           readings leave the dear ones theirs.
    """

    def __init__(self, share: Optional[float]) -> None:
        self._share = share
        self._had: dict[str, float] = {}
        """Seconds, of every probe."""
        self._waiting: set[str] = set()
        """Skipped since the last reading of theirs."""
        self._last: dict[str, float] = {}
        self._limit: dict[str, float] = {}
        self._taken: dict[str, int] = {}
        self._skipped: dict[str, int] = {}

    def allows(self, probe: str, elapsed: float) -> bool:
        """Whether the share of the time that readings have had, this one with it, is within the budget."""
        if self._share is None or probe not in self._last:
            return True
        own, last = self._had.get(probe, 0.0), self._last[probe]
        allowed = self._share * (elapsed + last)
        if any(self._had.get(other, 0.0) < own for other in self._waiting) and own + last > allowed / len(self._last):
            return False
        return sum(self._had.values()) + last <= allowed

    def limit(self, probe: str) -> float:
        """Seconds that its next reading may take."""
        return self._limit.get(probe, _READING)

    def took(self, probe: str, seconds: float, cut: bool = False) -> None:
        """cut  whether the reading ended for its limit."""
        self._had[probe] = self._had.get(probe, 0.0) + seconds
        self._waiting.discard(probe)
        self._last[probe] = max(seconds, 0.5 * self._last.get(probe, 0.0))
        if cut:
            self._last[probe] = self._limit[probe] = max(_LONGER * seconds, self.limit(probe))
        self._taken[probe] = self._taken.get(probe, 0) + 1

    def begin(self) -> None:
        """What was read before the first step counts for nothing."""
        self._had.clear()

    def drop(self, probe: str) -> None:
        """Nobody waits for one that is no longer read."""
        self._waiting.discard(probe)

    def skip(self, probe: str) -> Optional[str]:
        """What is to be said of it: the first time only."""
        self._waiting.add(probe)
        self._skipped[probe] = self._skipped.get(probe, 0) + 1
        if self._skipped[probe] > 1:
            return None
        return f"a reading of {probe} was skipped: one takes {self._last[probe]:.2g} s, and the budget is {self._share:.0%} of the time"

    def spacing(self, steps: int) -> list[str]:
        """How far apart the readings were, for every probe of which some were skipped."""
        return [
            f"{probe}: {self._taken.get(probe, 0)} readings taken, {count} skipped for the budget, "
            f"{steps // max(1, self._taken.get(probe, 0))} steps apart"
            for probe, count in self._skipped.items()
        ]
