"""Basin's request to stop: a file in the run folder (contract, with its times)."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Optional

# Seconds between two looks for the file, and until it is obeyed by raising where nobody asked for `should_stop`.
_EVERY = 0.3
_PATIENCE = 3.0


class StopRequest:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Optional[float] = None
        self._looked = 0.0
        self.obeyed = False
        """Whether the script has asked for it, and so ends by itself."""

    @property
    def seen(self) -> bool:
        return self._seen is not None

    def look(self) -> None:
        now = time.monotonic()
        if self._seen is None and now - self._looked > _EVERY:
            self._looked = now
            if (self._folder / "stop").exists():
                self._seen = now

    def obey(self) -> bool:
        """Whether there is one; the launcher learns that the script knows."""
        if self._seen is not None and not self.obeyed:
            self.obeyed = True
            (self._folder / "stopping").touch()
        return self._seen is not None

    def overdue(self) -> bool:
        """Whether the script has not asked for it for so long."""
        return self._seen is not None and not self.obeyed and time.monotonic() - self._seen > _PATIENCE
