"""From what the user hands over to something that can be measured: checked once, at the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Optional, Union

import torch
from torch import nn

from .checks import check_loss, fitting_piece
from .curvature import Curvature, Problem, default_forward
from .descent import Descent, describe, inner, preconditioner, trained_ids
from .errors import BasinError
from .held import Held, hold
from .ladder import settle
from .quiet import precise, random_states
from .ranks import Team
from .twin import Twin

GIGABYTE = 2**30


@dataclass
class Setup:
    """Everything a probe needs but θ."""

    twin: Twin
    problem: Problem
    trained: list[int]
    optimizer: Any
    total: int
    batch_size: Optional[int]
    sampling: Optional[str]
    drop_last: Optional[bool]
    rung: int
    notes: list[str]
    cudnn: bool
    team: Optional[Team] = None
    _scales: Optional[tuple[Optional[torch.Tensor], torch.Tensor]] = None
    """The preconditioner and the decay of a sharded optimizer at the θ of the last point."""

    def point(self) -> Curvature:
        """θ as the script's model has it now; for every rank where a team measures together."""
        if self.team:
            self.team.open(self._tensors(), self._refresh, self.twin.sharded)
        else:
            self._refresh()
        return Curvature(self.twin, self.problem, self.trained, self.rung, self.team)

    def serve(self) -> None:
        """Takes part in what rank 0 measures until it is done."""
        assert self.team is not None
        self.team.serve(self._tensors(), self._refresh, partial(Curvature, self.twin, self.problem, self.trained, self.rung, self.team))

    def join(self, team: Team) -> None:
        """From here on the held examples are divided over the ranks, by what rank 0 found of the model."""
        self.team = team
        piece, kept, self.rung = team.same((self.problem.piece, self.problem.kept, self.rung))
        self.problem = replace(self.problem, piece=piece, kept=kept)

    def trained_parameters(self) -> list[torch.nn.Parameter]:
        everything = list(self.twin.original.parameters())
        return [everything[i] for i in self.trained]

    def _tensors(self) -> list[torch.Tensor]:
        return [*self.twin.module.parameters(), *self.twin.module.buffers()]

    def _refresh(self) -> None:
        self.twin.refresh()
        if self.twin.sharded and self.optimizer is not None:
            # Its state lies in pieces too: gathered by all ranks at once.
            self._scales = preconditioner(self.optimizer, describe(self.optimizer), self.trained_parameters())

    def descent(self) -> Optional[Descent]:
        return None if self.optimizer is None else describe(self.optimizer)

    def preconditioner(self, descent: Descent, point: Curvature) -> tuple[Optional[torch.Tensor], torch.Tensor]:
        P, decay = self._scales or preconditioner(self.optimizer, descent, self.trained_parameters())
        return (None if P is None else P.to(point.device)), decay.to(point.device)


def _memory(value: Union[int, str, None]) -> int:
    if value is None:
        return GIGABYTE
    if isinstance(value, int) and value > 0:
        return value
    if isinstance(value, str) and value.upper().endswith("GB"):
        try:
            return int(float(value[:-2]) * GIGABYTE)
        except ValueError:
            pass
    raise BasinError(f'basin: memory is a number of bytes or a text like "2GB", not {value!r}.')


def set_up(
    model: nn.Module,
    optimizer: Any,
    *,
    loss: Callable[[Any, Any], torch.Tensor],
    data: Any,
    test: Any,
    forward: Optional[Callable[[nn.Module, Any], tuple[Any, Any]]],
    train_size: Optional[int],
    batch_size: Optional[int],
    sampling: Optional[str],
    drop_last: Optional[bool],
    batch_norm: str,
    memory: Union[int, str, None],
    accumulation: int = 1,
    ranks: int = 1,
) -> Setup:
    """@raises BasinError with what is wrong and what to do."""
    if not isinstance(model, nn.Module):
        raise BasinError(f"basin: model must be a torch.nn.Module, not {type(model).__name__}.")
    # First: of a sharded model it is a collective, at which no rank may be missing for what it raised before.
    with precise():
        twin = Twin(model, batch_norm)
    if not callable(loss):
        raise BasinError("basin: loss must be a function of (outputs, targets), e.g. torch.nn.functional.cross_entropy.")
    if batch_norm not in ("batch", "running"):
        raise BasinError(f'basin: batch_norm is "batch" or "running", not {batch_norm!r}.')
    if sampling not in (None, "epochs", "independent"):
        raise BasinError(f'basin: sampling is "epochs" or "independent", not {sampling!r}.')
    bytes_ = _memory(memory)
    with precise():
        held = hold(data)
    optimizer = inner(optimizer)
    trained = twin.trained(trained_ids(optimizer))
    own_batch = held.batch_size
    per_step = batch_size if batch_size is not None else own_batch and own_batch * accumulation * ranks
    tied = twin.has_batch_norm and batch_norm == "batch"
    own_test = None if test is None else hold(test)
    problem = Problem(loss, forward or default_forward, held, held.m, bytes_, tied, test=own_test)
    with random_states(), precise():
        point = Curvature(twin, problem, trained)
        check_loss(problem, point)
        fitting, kept = fitting_piece(point, bytes_, 1 if tied else ranks)
        # Batch normalization ties the examples of a piece: pieces of a process's own batch, where the memory suffices for those.
        whole = min(held.m, own_batch or per_step or held.m) if tied else fitting
        most = max(min(2, whole), min(whole, fitting))
        problem = replace(problem, piece=most, kept=kept)
        with torch.backends.cudnn.flags(enabled=not twin.has_rnn):
            point = Curvature(twin, problem, trained)
            rung = settle(point)
    notes = list(twin.notes)
    if tied and most < held.m:
        notes.append(f"the held examples are normalized in pieces of {most}")
    if most < whole:
        notes.append(f"pieces of {whole} examples, as training normalizes, would take more than memory={bytes_ / GIGABYTE:.3g}GB")
    if point.fallen:
        notes.append(f"products by {point.method}; {'; '.join(point.fallen)}")
    frozen = sum(1 for _ in twin.original.parameters()) - len(trained)
    if frozen:
        notes.append(f"{frozen} parameters are not trained and stay fixed while measuring")
    return Setup(
        twin=twin,
        problem=problem,
        trained=trained,
        optimizer=optimizer,
        total=train_size or held.total or held.m,
        batch_size=per_step,
        sampling=sampling or held.sampling,
        drop_last=held.drop_last if drop_last is None else drop_last,
        rung=rung,
        notes=notes,
        cudnn=not twin.has_rnn,
    )
