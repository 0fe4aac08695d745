"""Which process is which: start times, and Basin's own run process, with which a script that it started ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Optional

# Seconds that a script has between being terminated and being killed, as Basin's own stop gives it.
_PATIENCE = 5.0


def started(pid: int) -> Optional[str]:
    """Start time of a process as the system tells it, by which it is told from a later one of the same number. None where there is none."""
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return None
        fields = text[text.rindex(")") + 2 :].split()
        return None if fields[0] in "ZX" else fields[19]
    if sys.platform == "darwin":
        ps = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return ps.stdout.strip() or None
    return ""


class Supervisor:
    """
    Basin's process that started this script and holds its run folder. It ends the script when it is told to end, and cannot when it is
    killed outright: a script that lived on would write into a folder that the next process takes for abandoned.
    """

    def __init__(self, pid: int, start: str) -> None:
        self._pid, self._start = pid, start
        # A group that Basin is in itself was not made for the script.
        self._group: Optional[int] = os.getpgrp()
        try:
            self._group = None if os.getpgid(pid) == self._group else self._group
        except OSError:
            self._group = None
        self._asked: Optional[float] = None

    @staticmethod
    def of(run: Path) -> "Optional[Supervisor]":
        """By the newest claim on the folder; None where that tells of none on this machine."""
        if os.name != "posix":
            return None  # Where no signal tells whether a process lives; there the whole tree ends with it.
        claims = {int(p.stem): p for p in (run / "processes").glob("*.json") if re.fullmatch(r"[1-9]\d{0,14}", p.stem)}
        if not claims:
            return None
        try:
            claim = json.loads(claims[max(claims)].read_text(encoding="utf-8"))
            pid, start, host = int(claim["pid"]), str(claim["started"]), str(claim["host"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Supervisor(pid, start) if pid > 0 and host == socket.gethostname() and pid != os.getpid() else None

    def gone(self) -> bool:
        if sys.platform == "linux":
            return started(self._pid) != self._start
        try:
            os.kill(self._pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass
        return False

    def end(self) -> None:
        """Called again and again: ends this script and what it started, gently first."""
        now = time.monotonic()
        if self._asked is None:
            self._asked = now
            self._signal(signal.SIGTERM)
        elif now - self._asked > _PATIENCE:
            self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self._group is not None:
            os.killpg(self._group, number)
        else:
            os.kill(os.getpid(), number)
