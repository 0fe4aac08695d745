"""`basin.watch`: a script's own training, with Basin's readings beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import torch
from torch import nn

from . import folder as folders
from .errors import BasinError
from .idle import Idle
from .probe import Probe, opened
from .probes import PROBES
from .problem import set_up
from .resume import resumed_from


def watch(
    model: nn.Module,
    optimizer: Any,
    *,
    loss: Callable[[Any, Any], torch.Tensor],
    data: Any,
    test: Any = None,
    forward: Optional[Callable[[nn.Module, Any], tuple[Any, Any]]] = None,
    every: int = 500,
    probes: Union[Sequence[str], Mapping[str, Mapping[str, int]]] = ("sharpness", "noise", "generalization"),
    budget: Optional[float] = 0.05,
    closing: float = 20.0,
    train_size: Optional[int] = None,
    batch_size: Optional[int] = None,
    sampling: Optional[str] = None,
    drop_last: Optional[bool] = None,
    accumulation: int = 1,
    scaler: Any = None,
    batch_norm: str = "batch",
    memory: Union[int, str, None] = None,
    name: Optional[str] = None,
    metrics: Sequence[Mapping[str, str]] = (),
    root: Union[str, Path, None] = None,
) -> Probe:
    """
    Watches a training loop. The loop stays as it is: nothing of model, optimizer, data or random states changes.

    loss          of (outputs, targets), a mean over the examples.
    data, test    a loader, a dataset, tensors, or what `basin.hold` made of one.
    forward       of (model, batch) → (outputs, targets), where a batch is not (inputs, targets).
    every         steps between readings.
    probes        of sharpness, noise, gradientNoise, generalization, spectrum; a mapping gives each its own {"every": …}.
    budget        share of the wall time that readings may take; None for no bound. What is over it is skipped.
    closing       seconds for the readings at the end.
    train_size, batch_size, sampling, drop_last
                  n, B (of a step: over accumulation and ranks), "epochs" or "independent", whether a short last batch is left out:
                  read from the DataLoader where `data` is one.
    accumulation  backward passes a step, where `step` is called after each.
    scaler        the GradScaler, where `step` gets the scaled loss.
    batch_norm    "batch": statistics of pieces as large as a batch; "running": the buffers.
    memory        bytes (or "2GB") that a measurement may take besides a copy of the model.
    metrics       {"name", "label", "unit", "about"} of numbers that `log` adds.
    root          folder that gets `.basin/runs`, in place of the script's workspace.

    @raises BasinError where something cannot be measured, saying why and what to do.
    """
    settings = folders.environment()
    # An experiment that says nothing of probes holds an empty object: the call decides then.
    wanted = _wanted(settings.get("probes") or probes, every)
    if int(os.environ.get("RANK", "0") or 0) != 0:
        return Idle()  # type: ignore[return-value]
    if optimizer is None:
        raise BasinError("basin.watch needs the optimizer; basin.measure does without.")
    if budget is not None and not 0 < budget <= 1:
        raise BasinError(f"basin: budget is a share of the time, above 0 and up to 1, not {budget!r}; None for no bound.")
    setup = set_up(
        model,
        optimizer,
        loss=loss,
        data=data,
        test=test,
        forward=forward,
        train_size=train_size,
        batch_size=batch_size,
        sampling=sampling,
        drop_last=drop_last,
        batch_norm=batch_norm,
        memory=memory,
        accumulation=max(1, accumulation),
        ranks=int(os.environ.get("WORLD_SIZE", "1") or 1),
    )
    descent = setup.descent()
    assert descent is not None
    own = folders.settings_of(descent, setup.batch_size, setup.total)
    launched = os.environ.get("BASIN_RUN_DIR")
    notes: list[str] = []
    if launched:
        run, notes = folders.open_launched(Path(launched), own)
    else:
        declared = {probe: {"every": steps} for probe, steps in wanted.items()}
        run = folders.make(name, own, declared, Path(root) if root else None)
    run.claim()
    resumed, said = resumed_from(launched)
    probe = Probe(setup, run, wanted, budget=budget, closing=closing, scaler=scaler, accumulation=max(1, accumulation))
    opened(probe)
    probe.begin([*notes, *said], metrics, resumed)
    return probe


def _wanted(probes: Any, every: int) -> dict[str, int]:
    if isinstance(probes, Mapping):
        chosen = {str(k): (v or {}).get("every", every) if isinstance(v, Mapping) else every for k, v in probes.items()}
    else:
        chosen = {str(k): every for k in probes}
    for name, steps in chosen.items():
        if name not in PROBES or name == "gradient":
            known = ", ".join(p for p in PROBES if p != "gradient")
            raise BasinError(f"basin: there is no probe {name!r}; there are {known}.")
        if not isinstance(steps, int) or steps < 1:
            raise BasinError(f"basin: {name}: every must be a whole number of steps, 1 or more, not {steps!r}.")
    return chosen
