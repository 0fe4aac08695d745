"""One probe at one point, with nothing of the script changed by it."""

from __future__ import annotations

import contextlib
import time
from typing import Iterator, Optional

import torch

from .errors import NotApplicable
from .factors import Factors
from .probes import PROBES, Memory, Task
from .problem import Setup
from .quiet import precise, random_states
from .reading import Deadline, Readings
from .rows import TIME


@contextlib.contextmanager
def measuring(setup: Setup) -> Iterator[None]:
    """Whatever is measured inside leaves no trace outside."""
    with random_states(), precise(), torch.backends.cudnn.flags(enabled=setup.cudnn, allow_tf32=False):
        yield


def take(
    setup: Setup, probe: str, memory: Memory, seconds: float, *, closing: bool, top: int = 2
) -> tuple[Readings, Optional[Factors]]:
    """Readings of a probe at the θ that the script's model has now. What cannot be taken is a note with its reason."""
    began = time.monotonic()
    with measuring(setup):
        point = setup.point()
        descent = setup.descent()
        P, decay = (None, None) if descent is None else setup.preconditioner(descent, point)
        task = Task(
            point=point,
            memory=memory,
            deadline=Deadline(seconds),
            closing=closing,
            total=setup.total,
            batch_size=setup.batch_size,
            descent=descent,
            P=P,
            decay=decay,
            top=top,
        )
        try:
            read = PROBES[probe](task)
        except NotApplicable as reason:
            read = Readings(notes=[f"{probe}: not applicable: {reason}"], cut=str(reason) == TIME)
        except torch.cuda.OutOfMemoryError as error:  # type: ignore[attr-defined]
            read = Readings(notes=[f"{probe}: out of memory; give a smaller memory=… ({str(error).splitlines()[0]})"])
        finally:
            point.forget()
            setup.problem.plan.give_back()
    read.products = point.products
    read.seconds = time.monotonic() - began
    return read, task.factors
