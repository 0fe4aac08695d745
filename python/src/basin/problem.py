"""From what the user hands over to something that can be measured: checked once, at the start."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Callable, Optional, Union

import torch
from torch import nn

from .checks import check_loss
from .curvature import Curvature, Problem, default_forward
from .descent import Descent, describe, inner, preconditioner, trained_ids
from .errors import BasinError
from .held import hold
from .ladder import DIFFERENCES, LADDER, piece_product, settle
from .memory import GIGABYTE, SECOND, WORTH, Plan, corrected, forward_bytes, peak, planned, release
from .quiet import precise, random_states
from .ranks import Team
from .trees import leaves
from .twin import Twin

# Kept from reading to reading: the decay, and of a preconditioned optimizer its scale in several forms with a search of its own.
_KEPT, _KEPT_PRECONDITIONED, _KEPT_BY_RANKS = 1, 9, 3
# Times that a measured product may correct the plan.
_CORRECTIONS = 3


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
        plan, self.rung = team.same((self.problem.plan, self.rung))
        self.problem = _by(self.problem, plan)

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


def _by(problem: Problem, plan: Plan) -> Problem:
    return replace(problem, piece=plan.piece, kept=plan.kept, plan=plan)


def _each(point: Curvature) -> int:
    """Bytes that autograd keeps of an example for a second derivative, by what a forward pass of one or two stores."""
    count = min(2, point.m)
    batch = point.batch(slice(0, count))
    stored = forward_bytes(lambda: point.loss_of(batch), point.twin.module.parameters())
    inputs = sum(t.numel() * t.element_size() for t in leaves(batch))
    return max(1, SECOND * (stored + inputs) // count)


def _fitted(point: Curvature, each: int, plan: Callable[[int], Plan]) -> tuple[Problem, int, list[str]]:
    """The problem in pieces that fit, the rung of its products, and why others were left: a product is tried, and its peak corrects the plan."""
    v = torch.ones(point.size, dtype=point.dtype, device=point.device)
    chosen = plan(each)
    for _ in range(_CORRECTIONS):
        point = Curvature(point.twin, _by(point.problem, chosen), point.trained)
        # Which rung comes first depends on whether graphs are kept.
        settle(point)
        before, chosen = chosen, plan(_measured(point, v))
        if (chosen.piece, chosen.kept) == (before.piece, before.kept):
            break
    return _by(point.problem, chosen), point.rung, point.fallen


def _measured(point: Curvature, v: torch.Tensor) -> int:
    """What an example takes as a product shows."""
    plan = point.problem.plan
    if plan.room < 0 or plan.product < WORTH or point.rung == DIFFERENCES:
        return plan.each
    release()
    with peak(point.device) as found:
        out = torch.zeros_like(v)
        for piece in point.pieces() if plan.kept else point.pieces()[:1]:
            point.add(out, piece_product(point, piece, v), 1.0)
    return corrected(plan, found.above)


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
    problem = Problem(loss, forward or default_forward, held, held.m, Plan(bytes_, 1, 1, held.m, False, held.m), tied, test=own_test)
    # Batch normalization ties the examples of a piece: pieces of a process's own batch, where the memory suffices for those.
    whole = min(held.m, own_batch or per_step or held.m) if tied else None
    preconditioned = optimizer is not None and describe(optimizer).preconditioned
    kept_vectors = (_KEPT_PRECONDITIONED if preconditioned else _KEPT) + (_KEPT_BY_RANKS if ranks > 1 else 0)
    with random_states(), precise(), torch.backends.cudnn.flags(enabled=not twin.has_rnn):
        point = Curvature(twin, problem, trained)
        check_loss(problem, point)
        vector = point.size * (8 if point.dtype == torch.float64 else 4)
        problem, rung, fallen = _fitted(
            point, _each(point), lambda each: planned(
                bytes_, each, vector, m=held.m, ranks=1 if tied else ranks, whole=whole, kept_vectors=kept_vectors
            )
        )
    notes = list(twin.notes)
    if tied and problem.piece < held.m:
        notes.append(f"the held examples are normalized in pieces of {problem.piece}")
    if whole is not None and problem.piece < whole:
        plan = problem.plan
        needed = plan.bound + plan.each * (whole - problem.piece)
        notes.append(
            f"pieces of {whole} examples, as training normalizes, would take more than memory={bytes_ / GIGABYTE:.3g}GB, "
            f"about {needed / GIGABYTE:.2g}GB"
        )
    if fallen:
        notes.append(f"products by {LADDER[rung]}; {'; '.join(fallen)}")
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
