"""`basin.measure`: every metric once, e.g. at a checkpoint."""

from __future__ import annotations

from typing import Any, Callable, Optional, Sequence, Union

import torch
from torch import nn

from .errors import BasinError
from .measuring import take
from .probes import PROBES, Memory
from .problem import set_up
from .reading import Value


def measure(
    model: nn.Module,
    *,
    loss: Callable[[Any, Any], torch.Tensor],
    data: Any,
    optimizer: Any = None,
    test: Any = None,
    forward: Optional[Callable[[nn.Module, Any], tuple[Any, Any]]] = None,
    train_size: Optional[int] = None,
    batch_size: Optional[int] = None,
    batch_norm: str = "batch",
    probes: Optional[Sequence[str]] = None,
    memory: Union[int, str, None] = None,
    seconds: float = float("inf"),
    top: int = 2,
) -> dict[str, Value]:
    """
    Measures a model where it is; nothing of it changes.

    loss        of (outputs, targets), a mean over the examples.
    data, test  what `basin.hold` returns, or takes.
    optimizer   for the preconditioned sharpness; its state must be loaded.
    seconds     each probe stops refining after so long.

    @returns values by the names of Basin's metrics, with `….error` beside them.
    @raises BasinError where the model or the loss cannot be measured, saying why.
    """
    setup = set_up(
        model,
        optimizer,
        loss=loss,
        data=data,
        test=test,
        forward=forward,
        train_size=train_size,
        batch_size=batch_size,
        sampling=None,
        drop_last=None,
        batch_norm=batch_norm,
        memory=memory,
    )
    chosen = list(PROBES) if probes is None else list(probes)
    unknown = [name for name in chosen if name not in PROBES]
    if unknown:
        raise BasinError(f"basin: there is no probe {unknown[0]!r}; there are {', '.join(PROBES)}.")
    kept = Memory()
    values: dict[str, Value] = {}
    for probe in PROBES:
        if probe in chosen:
            values.update(take(setup, probe, kept, seconds, closing=True, top=top)[0].values)
    return values
