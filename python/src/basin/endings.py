"""How a script ends that raises, is interrupted, is terminated or just ends: every open probe gets to say so in its log."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Callable, Optional


@dataclass(frozen=True, eq=False)
class Ending:
    """What is called when."""

    interrupted: Callable[[], None]
    raised: Callable[[BaseException, Optional[TracebackType]], None]
    exited: Callable[[], None]
    """Without having been closed."""


_open: set[Ending] = set()
_hooked = False


def opened(one: Ending) -> None:
    """From here on it is told. Each earlier hook is called too."""
    global _hooked
    _open.add(one)
    if _hooked:
        return
    _hooked = True
    before = sys.excepthook

    def on_error(kind: type[BaseException], error: BaseException, trace: Optional[TracebackType]) -> None:
        for own in list(_open):
            if issubclass(kind, KeyboardInterrupt):
                own.interrupted()
            else:
                own.raised(error, trace)
        before(kind, error, trace)

    sys.excepthook = on_error
    atexit.register(lambda: [own.exited() for own in list(_open)])
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_terminate)


def closed(one: Ending) -> None:
    _open.discard(one)


def _on_terminate(number: int, _frame: Any) -> None:
    for own in list(_open):
        own.interrupted()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
