"""
The log of a run, `events.jsonl`: one writer, append-only, every event handed to the system as one whole line. A reading that was
acknowledged outlives the script, however it dies.
"""

from __future__ import annotations

import json
import math
import os
import threading
import time
from pathlib import Path
from typing import Any, Callable, Optional

# Readers on another machine judge by whether the log changes; contract: every 30 s at least.
SILENCE = 20.0


def encode(value: Any) -> Any:
    """JSON has no NaN and no infinities: they are words."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {str(key): encode(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(one) for one in value]
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def dumps(value: Any, indent: Optional[int] = None) -> str:
    separators = (",", ":") if indent is None else None
    return json.dumps(encode(value), ensure_ascii=False, separators=separators, indent=indent)


class EventLog:
    """Threads: the script's and one that writes heartbeats; a lock keeps their lines apart."""

    def __init__(self, path: Path, every_second: Optional[Callable[[], None]] = None) -> None:
        # Windows would turn every newline into two bytes.
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        self._fd: Optional[int] = os.open(path, flags, 0o644)
        self._lock = threading.RLock()
        self._process = os.getpid()
        self._began = time.monotonic()
        self._written = time.monotonic()
        self._stop = threading.Event()
        self._every_second = every_second
        size = os.fstat(self._fd).st_size
        self.empty = size == 0
        if size > 0:
            os.lseek(self._fd, size - 1, os.SEEK_SET)
            if os.read(self._fd, 1) != b"\n":
                self._write(b"\n")  # Closes a line that an earlier process left half written.
        threading.Thread(target=self._beat, name="basin-heartbeat", daemon=True).start()

    @property
    def time(self) -> float:
        """Seconds since the log was opened."""
        return time.monotonic() - self._began

    def add(self, kind: str, **event: Any) -> None:
        """Appends one event. @raises OSError, e.g. of a full disk."""
        line = dumps({"kind": kind, **event}).encode() + b"\n"
        with self._lock:
            self._write(line)

    def _write(self, data: bytes) -> None:
        # A process forked from the script (a loader's worker) is no writer.
        if self._fd is None or os.getpid() != self._process:
            return
        while data:
            data = data[os.write(self._fd, data) :]
        self._written = time.monotonic()

    def _beat(self) -> None:
        while not self._stop.wait(1.0):
            if self._every_second:
                self._every_second()
            if time.monotonic() - self._written >= SILENCE:
                try:
                    self.add("heartbeat", time=round(self.time, 3))
                except OSError:
                    pass  # A full disk shows at the next reading.

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            if self._fd is not None and os.getpid() == self._process:
                try:
                    os.fsync(self._fd)
                except OSError:
                    pass  # A pipe has nothing to wait for.
                os.close(self._fd)
                self._fd = None
