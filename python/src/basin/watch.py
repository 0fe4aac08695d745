"""`basin.watch`: a script's own training, with Basin's readings beside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Union

import torch
from torch import nn

from . import folder as folders
from .errors import BasinError
from .follower import Follower
from .held import hold
from .probe import Probe
from .probes import PROBES
from .problem import Setup, set_up
from .quiet import precise
from .ranks import Team, world
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
    Under torch.distributed every rank calls it, and every method of what it returns, like a collective: rank 0 writes.

    loss          of (outputs, targets), a mean over the examples.
    data, test    a loader, a dataset, tensors, or what `basin.hold` made of one.
    forward       of (model, batch) → (outputs, targets), where a batch is not (inputs, targets).
    every         steps between readings.
    probes        of sharpness, layers, noise, gradientNoise, generalization, spectrum; a mapping gives each its own {"every": …}.
    budget        share of the wall time that readings may take; None for no bound. What is over it is skipped.
    closing       seconds for the readings at the end.
    train_size, batch_size, sampling, drop_last
                  n, B (of a step: over accumulation and ranks), "epochs" or "independent", whether a short last batch is left out:
                  read from the DataLoader where `data` is one.
    accumulation  backward passes a step, where `step` is called after each.
    scaler        the GradScaler, where `step` gets the scaled loss.
    batch_norm    "batch": statistics of pieces as large as a batch; "running": the buffers.
    memory        bytes (or "2GB") for what autograd keeps while measuring; a copy of the model and the vectors of a search come on top.
    metrics       {"name", "label", "unit", "about"} of numbers that `log` adds.
    root          folder that gets `.basin/runs`, in place of the script's workspace.

    @raises BasinError where something cannot be measured, saying why and what to do.
    """
    settings = folders.environment()
    # An experiment that says nothing of probes holds an empty object: the call decides then.
    wanted = _wanted(settings.get("probes") or probes, every)
    rank, ranks = world()
    team = Team() if ranks > 1 else None
    if team is None and int(os.environ.get("RANK", "0") or 0) != 0:
        return Follower()  # type: ignore[return-value]
    if optimizer is None:
        raise BasinError("basin.watch needs the optimizer; basin.measure does without.")
    if budget is not None and not 0 < budget <= 1:
        raise BasinError(f"basin: budget is a share of the time, above 0 and up to 1, not {budget!r}; None for no bound.")
    setup = _together(
        team,
        data,
        test,
        model,
        optimizer,
        loss=loss,
        forward=forward,
        train_size=train_size,
        batch_size=batch_size,
        sampling=sampling,
        drop_last=drop_last,
        batch_norm=batch_norm,
        memory=memory,
        accumulation=max(1, accumulation),
        ranks=ranks if team else int(os.environ.get("WORLD_SIZE", "1") or 1),
    )
    wanted = team.same(wanted) if team else wanted
    if team and rank:
        follower = Follower(setup, wanted, max(1, accumulation))
        # Rank 0 makes the folder and takes the first readings.
        team.agree(None)
        follower.begin(team.same())
        return follower  # type: ignore[return-value]
    try:
        probe, said = _open(setup, wanted, name, root, budget, closing, scaler, max(1, accumulation))
    except Exception as error:
        if team:
            team.agree(error)
        raise
    if team:
        team.agree(None)
    elif int(os.environ.get("WORLD_SIZE", "1") or 1) > 1:
        said.append("rank 0 measures alone: torch.distributed was not initialized before basin.watch")
    probe.begin(said, metrics)
    return probe


def _open(
    setup: Setup,
    wanted: dict[str, int],
    name: Optional[str],
    root: Union[str, Path, None],
    budget: Optional[float],
    closing: float,
    scaler: Any,
    accumulation: int,
) -> tuple[Probe, list[str]]:
    """The run folder with its probe, and what is to be said of it. @raises BasinError, OSError."""
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
    probe = Probe(
        setup, run, wanted, budget=budget, closing=closing, scaler=scaler, accumulation=accumulation, resumed=resumed
    )
    return probe, [*notes, *said]


def _together(team: Optional[Team], data: Any, test: Any, *given: Any, **options: Any) -> Setup:
    """The setup, on every rank with the examples of rank 0. @raises BasinError on all ranks where one has a reason."""
    if team is None:
        return set_up(*given, data=data, test=test, **options)

    def agreed(make: Callable[[], Any]) -> Any:
        made, error = None, None
        try:
            made = make()
        except Exception as raised:
            error = raised
        team.agree(error)
        return made

    def held() -> Any:
        with precise():
            return hold(data), None if test is None else hold(test)

    own = agreed(held)
    marks = [one and one.mark() for one in own]
    # Where the ranks drew unlike examples (a stream, a dataset of the rank's own), rank 0's are measured.
    if not team.every(marks == team.same(marks)):
        own = team.same(own)
    setup = agreed(lambda: set_up(*given, data=own[0], test=own[1], **options))
    setup.join(team)
    return setup


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
