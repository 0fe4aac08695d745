"""What `basin.watch` returns: the readings beside a script's own loop, their log, and how the script ends."""

from __future__ import annotations

import contextlib
import math
import os
import time
import warnings
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, Mapping, Optional, Sequence

import torch

from . import folder as folders
from .budget import Budget
from .curvature import Curvature
from .endings import Ending, closed, opened
from .log import EventLog
from .measuring import take
from .probes import PROBES, Memory
from .problem import Setup
from .quiet import precise, random_states
from .judged import factor_metadata
from .reading import Value
from .rows import outputs_of
from .show import bundle, display
from .stopping import StopRequest

# A reading of the loop's own numbers takes the loss from the device: not at every step.
_LOOP_SECONDS = 0.25
_LOOP_PLAIN = 200
# Times its first value from which the loss counts as diverged (theory.md, section 7).
_DIVERGED = 1e4


class Probe:
    """What `basin.watch` returns: call `step` once after each step of the optimizer, `close` at the end."""

    def __init__(
        self,
        setup: Setup,
        run: folders.RunFolder,
        probes: Mapping[str, int],
        *,
        budget: Optional[float],
        closing: float,
        scaler: Any,
        accumulation: int,
        resumed: Optional[int],
    ) -> None:
        self._setup, self._run, self._probes = setup, run, dict(probes)
        # The other ranks know when readings are due by what was asked for, whichever of them have since failed.
        self._team, self._asked, self._resumed = setup.team, dict(probes), resumed
        self._budget, self._closing, self._scaler = Budget(budget), closing, scaler
        self._accumulation, self._calls = accumulation, 0
        self._memory = Memory()
        self._log = EventLog(run.path / "events.jsonl", self._with_supervisor if run.supervisor else None)
        self._step = 0
        self._said: set[str] = set()
        self._how: dict[str, dict[str, Any]] = {}
        self._loop_lines, self._loop_at = 0, -math.inf
        self._first_loss: Optional[float] = None
        self._diverged = False
        self._closed = False
        self._stop = StopRequest(run.path)
        self._failed: Optional[dict[str, Any]] = None
        self._rate: Optional[float] = None
        self._process = os.getpid()
        (run.path / "factors").mkdir(exist_ok=True)
        self._ending = Ending(self._interrupted, self._raised, self._exited)
        opened(self._ending)

    # What users call.

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self._run.path

    @property
    def should_stop(self) -> bool:
        """Whether Basin asked this run to stop. Reading it says that the script ends by itself."""
        if not self._leads:
            self._stop.look()
        return self._stop.obey()

    @property
    def _leads(self) -> bool:
        """Whether other ranks take part, and stop only with a word of this one."""
        return self._team is not None and self._team.alive

    def step(self, loss: Any = None) -> None:
        """
        Once after each step of the optimizer; with `accumulation=k`, once after each backward pass.

        loss  of this batch, unscaled by a GradScaler unless `scaler=` was given; logged, never differentiated.
        @raises KeyboardInterrupt where Basin asked the run to stop and the script never read `should_stop`.
        """
        if self._closed and not self._leads:
            return
        self._calls += 1
        if self._calls % self._accumulation:
            return
        self._step += 1
        with self._with_the_others() as interrupt:
            if self._closed:
                return
            try:
                self._loop(loss)
                due = [name for name, every in self._probes.items() if self._step % every == 0]
                if due and not self._diverged:
                    self._readings(due, closing=False)
            except OSError as error:
                self._give_up(error)
                return
        if interrupt or (not self._leads and self._impatient()):
            raise KeyboardInterrupt("Basin was asked to stop this run")

    def _impatient(self) -> bool:
        """Whether a script that nobody else stops was asked to and did not look for so long."""
        self._stop.look()
        return not self._run.launched and self._stop.overdue()

    @contextlib.contextmanager
    def _with_the_others(self) -> Iterator[bool]:
        """What the other ranks are to know at this step, and their part in its readings. Yields whether all are to be interrupted."""
        due = any(self._step % every == 0 for every in self._asked.values())
        if self._team is None or not self._team.talks(self._step, due):
            yield False
            return
        interrupt = self._impatient()
        with self._losing_them():
            self._team.tell(self._step, stop=self._stop.seen, interrupt=interrupt, closed=self._closed)
        if self._closed:
            self._team.leave()
        yield interrupt
        if due:
            with self._losing_them():
                self._team.done()

    @contextlib.contextmanager
    def _losing_them(self) -> Iterator[None]:
        """A rank that is gone costs the readings, not the training."""
        try:
            yield
        except RuntimeError as error:
            if not self._closed:
                self._note(f"the ranks no longer measure together: {str(error).splitlines()[0]}")

    def log(self, **values: float) -> None:
        """Numbers of the script's own at this step, by names declared in `metrics=`."""
        own = {name: float(value) for name, value in values.items()}
        if self._closed:
            return
        try:
            self._log.add("metrics", step=self._step, time=self._now(), values=own)
        except OSError as error:
            self._give_up(error)

    def save(self, state: Any) -> Path:
        """Saves what the script needs to go on from here: whatever `torch.save` takes. `basin.resume_state()` gives it back."""
        name = f"step-{self._step}.pt"
        checkpoints = self._run.path / "checkpoints"
        checkpoints.mkdir(exist_ok=True)
        temporary = checkpoints / f".{name}.{os.getpid()}.tmp"
        with open(temporary, "wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, checkpoints / name)
        self._log.add("checkpoint", step=self._step, file=name)
        return checkpoints / name

    def show(self) -> None:
        """In a notebook the run: live in an editor with Basin, else a picture of it as it stands. Elsewhere it says where the run lies."""
        display(self, self._run.path)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self._run.path, self._run.info)

    def close(self) -> None:
        """The closing readings, within `closing` seconds, and the end of the log."""
        self._close(None)
        self._dismiss()

    def _dismiss(self) -> None:
        if self._team is not None and os.getpid() == self._process:
            with self._losing_them():
                self._team.done()
            self._team.leave()

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, kind: Any, error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        if error is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self._interrupted()
        else:
            self._raised(error, trace)

    def _give_up(self, error: OSError) -> None:
        """A full disk ends the watching, not the training."""
        self._closed = True
        warnings.warn(f"basin: the run folder cannot be written any more ({error}); training goes on unwatched.", stacklevel=3)

    # The loop's own numbers.

    def _now(self) -> float:
        return round(self._log.time, 4)

    def _loop(self, loss: Any) -> None:
        now = time.monotonic()
        if self._loop_lines >= _LOOP_PLAIN and now - self._loop_at < _LOOP_SECONDS:
            return
        values: dict[str, Value] = {}
        if loss is not None:
            value = float(loss.detach()) if isinstance(loss, torch.Tensor) else float(loss)
            if self._scaler is not None:
                value /= float(self._scaler.get_scale())
            values["loss.batch"] = value
            self._watch_divergence(value)
        rate = max(float(g["lr"]) for g in self._setup.optimizer.param_groups)
        if rate != self._rate:
            values["learningRate"] = self._rate = rate
        if values:
            self._loop_lines, self._loop_at = self._loop_lines + 1, now
            self._log.add("metrics", step=self._step, time=self._now(), values=values)

    def _watch_divergence(self, value: float) -> None:
        if self._first_loss is None and math.isfinite(value):
            self._first_loss = abs(value)
        first = self._first_loss
        if not self._diverged and (not math.isfinite(value) or (first and abs(value) > _DIVERGED * first)):
            self._diverged = True
            self._log.add("diverged", step=self._step, what="loss")

    # Readings.

    def _readings(self, due: Sequence[str], closing: bool) -> None:
        end = time.monotonic() + self._closing
        wanted = [name for name in PROBES if name in due or (name == "gradient" and "noise" in due)]
        for name in wanted:
            if not closing and not self._budget.allows(name, self._log.time):
                note = self._budget.skip(name)
                if note:
                    self._note(note)
                continue
            left = end - time.monotonic() if closing else self._budget.limit(name)
            if closing and left <= 0:
                self._note(f"no closing {name}: the {self._closing:g} s for the closing measurement were over")
                continue
            self._reading(name, max(left * (0.6 if closing else 1.0), 0.5), closing)

    def _reading(self, name: str, seconds: float, closing: bool) -> None:
        try:
            read, factors = take(self._setup, name, self._memory, seconds, closing=closing)
        except OSError:
            raise
        except Exception as error:
            # A reading that fails costs itself, never the training: the model and its loss may raise whatever they like.
            self._note(f"{name} could not be read: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
            self._probes.pop(name, None)
            self._budget.drop(name)
            return
        self._budget.took(name, read.seconds, read.cut and not closing)
        for note in read.notes:
            self._note(note)
        if read.values:
            # As the reader keeps it: by the probe that the line names.
            probe = "generalization" if name == "gradient" else name
            told = self._how.setdefault(probe, {})
            changed = {k: h for k, h in read.how.items() if told.get(k) != h}
            told.update(changed)
            self._log.add(
                "metrics",
                step=self._step,
                time=self._now(),
                probe=probe,
                cost={"products": round(read.products, 3), "seconds": round(read.seconds, 4)},
                values=read.values,
                **({"how": changed} if changed else {}),
            )
        if factors is not None:
            self._save_factors(factors)

    def _save_factors(self, factors: Any) -> None:
        setup, own = self._setup, self._setup.descent()
        if own is None or setup.batch_size is None or setup.sampling is None or setup.drop_last is None:
            self._note(
                "no verdict: it needs the batch size, how batches are drawn and whether a short last one is dropped "
                '(batch_size=…, sampling="epochs" or "independent", drop_last=…)'
            )
            return
        if own.learning_rate == 0:
            self._note("no factors at a learning rate of 0: there is nothing to judge")
            return
        path = self._run.path / "factors" / f"step-{self._step}.safetensors"
        factors.save(path, factor_metadata(setup, own, self._step))

    def _note(self, message: str) -> None:
        """The same once only."""
        if message not in self._said:
            self._said.add(message)
            self._log.add("note", step=self._step, message=message)

    # Beginning and end.

    def begin(self, notes: Sequence[str], metrics: Sequence[Mapping[str, str]]) -> None:
        """The header, and readings of the start. @raises OSError."""
        try:
            self._begin(notes, metrics)
        except BaseException:
            if self._team:
                self._team.leave()
            raise

    def _begin(self, notes: Sequence[str], metrics: Sequence[Mapping[str, str]]) -> None:
        setup, resumed = self._setup, self._resumed
        descent = setup.descent()
        assert descent is not None
        dynamics = descent.dynamics()
        outputs, layers = _outputs(setup)
        self._step = resumed or 0
        if self._team:
            self._team.same(self._step)
        self._log.add(
            "header",
            schema=1,
            id=self._run.id,
            name=self._run.name,
            parameters=sum(p.numel() for p in setup.trained_parameters()),
            examples=setup.total,
            outputs=outputs,
            engine=f"torch {torch.__version__}",
            probes=list(self._probes),
            **({"layers": layers} if "layers" in self._probes else {}),
            **({"dynamics": dynamics} if dynamics else {}),
            **({"metrics": [dict(one) for one in metrics]} if metrics else {}),
            **({"resumedAt": resumed} if resumed is not None else {}),
        )
        for note in [*setup.notes, *descent.notes, *notes]:
            self._note(note)
        self._reading("generalization", self._budget.limit("generalization"), closing=False)
        self._budget.begin()
        if self._team:
            self._team.done()

    def _with_supervisor(self) -> None:
        """On the thread of heartbeats: a script does not outlive Basin's process that started it."""
        supervisor = self._run.supervisor
        if supervisor is None or not supervisor.gone():
            return
        # Nobody is left to say how the script ended.
        self._run.launched = False
        with contextlib.suppress(OSError):
            self._note("Basin's run process is gone: the script ends with it")
        supervisor.end()

    def _close(self, reason: Optional[str]) -> None:
        if self._closed or os.getpid() != self._process:
            return
        self._closed = True
        if reason is None and self._stop.obeyed:
            reason = "interrupted"
        if reason is None and not self._diverged and self._closing > 0 and self._step > 0:
            self._readings(list(self._probes), closing=True)
        for note in self._budget.spacing(self._step):
            self._note(note)
        why = reason or ("diverged" if self._diverged else "steps")
        own = {"error": self._failed} if self._failed else {}
        self._log.add("end", step=self._step, time=self._now(), reason=why, **own)
        self._log.close()
        if why in ("error", "interrupted") and self._team and not self._stop.obeyed:
            self._team.leave()
        self._run.release({"error": 1, "interrupted": 130}.get(why, 0))
        closed(self._ending)

    def _interrupted(self) -> None:
        self._close("interrupted")

    def _raised(self, error: BaseException, trace: Optional[TracebackType]) -> None:
        self._failed = {"message": f"{type(error).__name__}: {error}"[:2000], **folders.place(trace)}
        self._close("error")

    def _exited(self) -> None:
        """The script ended without `close`. Where Basin launched it, Basin sees how and says so."""
        if self._closed or os.getpid() != self._process:
            return
        if self._run.launched:
            self._closed = True
            self._log.close()
            return
        self._closing = 0.0
        self._close(None)


def _outputs(setup: Setup) -> tuple[int, list[str]]:
    with random_states(), precise():
        point = Curvature(setup.twin, setup.problem, setup.trained, setup.rung)
        return outputs_of(point), [name for name, _ in point.layers()]
