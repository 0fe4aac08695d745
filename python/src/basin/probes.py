"""The probes: what is measured at a point, under the names that Basin gives its own readings (its src/measure/probes)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import Callable, Optional

import torch

from .curvature import Curvature
from .descent import Descent
from .errors import NotApplicable
from .factors import Factors, gauss_newton_factors
from .reading import Deadline, Readings
from .rows import ROW, cotangents, gradient_columns, outputs_of, rows
from .tracker import Pairs, Tracker, bar

RUNNING_TOLERANCE = 1e-2
# Said of a reading that the time ended.
_STOPPED = ", stopped when the time was up: the spectrum may reach further"
CLOSING_TOLERANCE = 1e-3
# Residual of λmin in units of the spectrum's width, below which negative curvature takes thousands of steps to show.
_FLATTEST = 3e-5
# Float32 rounding of the squared norms that the covariance is a difference of.
_COVARIANCE_ROUNDING = 2.0**-21
_MOST_BATCHES = 512
# Products of a reading of the sharpness from nothing, both ends.
_PRODUCTS = 24
# Copies of the mean gradient while it is summed, and numbers that are taken in float64 at once.
_MEAN, _BLOCK = 3, 2**20
_DRAWN = 32
# Parameters up to which trace and Frobenius norm take a product each; without a limit of time, multiplications that they may cost.
_EXACT_MOMENTS = 256
_EXACT_WORK = 5e10


@dataclass
class Memory:
    """What probes keep from reading to reading."""

    trackers: dict[str, Tracker] = field(default_factory=dict)
    generator: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))
    draws: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(1))
    """For samples: how many vectors a search begins with, which rounding may decide, changes none of them."""

    def tracker(self, name: str, top: int, tolerance: float, most: int) -> Tracker:
        found = self.trackers.get(name)
        if found is None or found.top != top:
            found = self.trackers[name] = Tracker(top, tolerance, most)
        found.tolerance, found.most = tolerance, most
        return found

    def bytes(self, without: str) -> int:
        """Of what the trackers keep but this one, whose vectors move into its search."""
        return sum(tracker.bytes() for name, tracker in self.trackers.items() if name != without)


@dataclass
class Task:
    point: Curvature
    memory: Memory
    deadline: Deadline
    closing: bool
    total: int
    """n: examples of the whole training set."""
    batch_size: Optional[int]
    descent: Optional[Descent] = None
    P: Optional[torch.Tensor] = None
    decay: Optional[torch.Tensor] = None
    top: int = 2
    factors: Optional[Factors] = None
    """Left by the noise probe for whoever writes them."""

    @property
    def tolerance(self) -> float:
        return CLOSING_TOLERANCE if self.closing else RUNNING_TOLERANCE

    def tracker(self, name: str, top: int, length: Optional[int] = None) -> Tracker:
        """
        The one of this name, with the basis that there is room for; for vectors of `length` numbers where not of d.
        @raises NotApplicable where there is none.
        """
        plan = self.point.problem.plan
        size = plan.vector if length is None else length * plan.vector // self.point.size
        return self.memory.tracker(name, top, self.tolerance, plan.basis(top, size, self.kept(name)))

    def kept(self, name: str = "") -> int:
        """Bytes that are kept beside a search: what the other ones left, the decay, and the scale in several forms."""
        scales = 0 if self.decay is None else 1 if self.P is None else 6
        return self.memory.bytes(name) + scales * self.point.problem.plan.vector

    def said(self, method: str, products: bool = True) -> str:
        """The method with its rung and its sample; finite differences come first, for the judge gives no firm verdict on them."""
        where = "" if self.point.m >= self.total else f", {self.point.m} of {self.total} examples"
        rung = self.point.method
        if not products:
            return method + where
        if rung == "finite differences":
            return f"{rung} (approximate): {method}{where}"
        return f"{method}, {rung}{where}"

    def random(self) -> torch.Tensor:
        return self.point.random(self.memory.generator)


def _sampling_error(parts: torch.Tensor, total: int) -> float:
    """Standard error of a mean over m of n examples drawn without replacement."""
    m = len(parts)
    if m >= total or m < 2:
        return 0.0
    return float(parts.double().std()) / math.sqrt(m) * math.sqrt(1 - m / total)


Make = Callable[[Curvature], Callable[[torch.Tensor], torch.Tensor]]


def _evaluation(task: Task, make: Make, found: Pairs) -> list[float]:
    """
    What float32 evaluation adds to the error bars: the pair's value and residual in float64, where the model can be evaluated there,
    else the difference of the product when the examples are summed in other pieces, unless batch normalization makes that another
    function. Closing measurements only; costs a product each.
    """
    point = task.point
    if not task.closing or point.dtype == torch.float64 or task.deadline.over() or found.cut:
        return [0.0] * len(found.values)
    wide = point.wide()
    point.forget()
    point.problem.plan.give_back()
    if wide is None and point.problem.tied and point.problem.piece < point.m:
        return [0.0] * len(found.values)
    errors = []
    for value, vector, gap in zip(found.values, found.vectors, found.gaps):
        if not math.isfinite(value):
            errors.append(0.0)
            continue
        if wide is not None:
            v = vector.double()
            v = v / v.norm()
            product = make(wide)(v)
            own = float(v @ product)
            rest = float(product.sub_(v, alpha=own).norm())
            errors.append(abs(own - value) + bar(rest, gap))
        else:
            other = point.on(torch.randperm(point.m, generator=task.memory.generator))
            errors.append(float((make(other)(vector) - make(point)(vector)).norm()))
        point.products += 1
    return errors


def _with_rounding(task: Task, make: Make, found: Pairs) -> list[float]:
    return [a + b for a, b in zip(found.errors, _evaluation(task, make, found))]


def _hessian(c: Curvature) -> Callable[[torch.Tensor], torch.Tensor]:
    return c.hessian


def sharpness(task: Task) -> Readings:
    """λmax(H) and its neighbours, λmin(H), and for a preconditioned optimizer λmax(P^-½ (H + C) P^-½)."""
    read = Readings()
    point = task.point
    method = task.said("Lanczos on the full Hessian")
    search = task.tracker("hessian", task.top).search(point.hessian, task.random, sure=task.closing)
    found = search.largest(task.deadline.share(0.4))
    low: Optional[Pairs] = None
    if task.closing or not task.deadline.over():
        width = abs(found.values[0]) if math.isfinite(found.values[0]) else 0.0
        low = search.smallest(_FLATTEST if task.closing else 1e-2, width, task.deadline.share(0.5))
    # The basis goes before anything else is made.
    del search
    sampled = [0.0] * len(found.values)
    if point.m < task.total and math.isfinite(found.values[0]):
        try:
            sampled = [_sampling_error(point.gauss_newton_parts(v), task.total) for v in found.vectors]
        except (NotApplicable, RuntimeError):
            read.notes.append("the sampling error of the sharpness could not be taken")
    errors = [math.hypot(e, s) for e, s in zip(_with_rounding(task, _hessian, found), sampled)]
    method += _STOPPED if found.cut else ""
    read.add("sharpness", found.values[0], "estimate", method, errors[0])
    read.add("eigenvalues", found.values, "estimate", method, errors)
    left = ["the sharpness"] if found.cut else []
    if low is not None:
        how = task.said("Lanczos on the full Hessian") + (_STOPPED if low.cut else "")
        read.add("eigenvalue.min", low.values[0], "estimate", how, _with_rounding(task, _hessian, low)[0])
        left += ["the smallest eigenvalue"] if low.cut else []
    own = task.descent
    if own is not None and own.preconditioned:
        if task.P is None:
            read.notes.append("no preconditioned sharpness yet: the optimizer holds no second moments")
        else:
            try:
                cut = _preconditioned(task, read, sampled[0] / max(abs(found.values[0]), 1e-30))
                left += ["the preconditioned sharpness"] if cut else []
            except NotApplicable as reason:
                read.notes.append(f"no preconditioned sharpness: {reason}")
    if left:
        read.cut = True
        read.notes.append(_cut_short(task, left))
    return read


def _cut_short(task: Task, left: list[str]) -> str:
    done, m = task.point.products, task.point.m
    # What a search from nothing takes; a product costs what its examples do.
    fewer = int(m * done / _PRODUCTS)
    hold = f", or hold about {fewer} examples in place of {m}" if 0 < fewer < m else ""
    again = "" if task.closing else ". The next one starts from its vectors and may take twice the time, as far as the budget has it"
    return (
        f"the time for a reading, {task.deadline.seconds:.0f} s, was up after {done:.0f} products: {', '.join(left)} with a wide error bar, "
        f"no more than an estimate{again}{hold}"
    )


def _preconditioned(task: Task, read: Readings, sampled: float) -> bool:
    assert task.P is not None and task.decay is not None
    root, decay = task.P.double().rsqrt(), task.decay

    def make(c: Curvature) -> Callable[[torch.Tensor], torch.Tensor]:
        scale, c_ = root.to(c.dtype), decay.to(c.dtype)

        def apply(v: torch.Tensor) -> torch.Tensor:
            w = scale * v
            return scale * (c.hessian(w) + c_ * w)

        return apply

    search = task.tracker("preconditioned", 1).search(make(task.point), task.random, sure=task.closing)
    found = search.largest(task.deadline.share(0.9))
    del search
    value, errors = found.values[0], _with_rounding(task, make, found)
    read.add(
        "preconditionedSharpness",
        value,
        "estimate",
        task.said("Lanczos on P^-½ (H + cI) P^-½") + (_STOPPED if found.cut else ""),
        math.hypot(errors[0], sampled * abs(value)),
    )
    return found.cut


def layers(task: Task) -> Readings:
    """The largest eigenvalue of every layer's own block of H."""
    read = Readings()
    point = task.point
    every = point.layers()
    values, errors = [], []
    for k, (name, place) in enumerate(every):

        def block(v: torch.Tensor, place: slice = place) -> torch.Tensor:
            wide = torch.zeros(point.size, dtype=v.dtype, device=v.device)
            wide[place] = v
            return point.hessian(wide)[place]

        size = place.stop - place.start
        found = task.tracker(f"layer {name}", 1, size).measure(
            block, lambda size=size: task.random()[:size], task.deadline.share(1 / (len(every) - k))  # type: ignore[misc]
        )
        values += found.values
        errors += found.errors
    read.add("sharpness.layers", values, "estimate", task.said("Lanczos on each layer's block of the Hessian"), errors)
    return read


def generalization(task: Task) -> Readings:
    read = Readings()
    train, right = task.point.score()
    method = task.said("a mean over the held examples", products=False)
    how = "exact" if task.point.m >= task.total else "estimate"
    read.add("loss.train", train, how, method)
    if right is not None:
        read.add("accuracy.train", right, how, method)
    if task.point.problem.test is not None:
        test, tested = task.point.score(test=True)
        read.add("loss.test", test, how, method)
        read.add("gap.loss", test - train, how, method)
        if tested is not None and right is not None:
            read.add("accuracy.test", tested, how, method)
            read.add("gap.accuracy", right - tested, how, method)
    return read


def gradient(task: Task) -> Readings:
    """Loss and gradient norm: what a verdict needs beside every factor file."""
    read = Readings()
    loss, own = task.point.gradient()
    how = "exact" if task.point.m >= task.total else "estimate"
    method = task.said("a mean over the held examples", products=False)
    read.add("loss.train", loss, how, method)
    read.add("gradNorm", float(own.norm()), how, method)
    return read


def noise(task: Task) -> Readings:
    """Gauss–Newton sharpness and non-uniformity, from the factors that the judge is given too."""
    read = Readings()
    scale = task.P.double().rsqrt() if task.descent is not None and task.descent.preconditioned and task.P is not None else None
    own = task.descent
    stateless = own is not None and own.preconditioned and scale is None
    plain, *scaled = gauss_newton_factors(
        task.point, task.memory.generator, task.deadline, closing=task.closing, scales=[None] if scale is None else [None, scale], others=task.kept()
    )
    method = task.said(plain.method, products=False)
    if task.point.method == "finite differences" and plain.gram is None:
        method = task.said(plain.method)
    how = "exact" if plain.whole and task.point.m >= task.total else "estimate"
    top, (s, influences) = plain.sharpness(), plain.nonuniformity()
    error = plain.error
    parts = plain.parts_along_top()
    sampled = _sampling_error(parts, task.total) if parts is not None else 0.0
    read.add("gaussNewtonSharpness", top, how, method, math.hypot(error, sampled))
    read.add("gaussNewtonTrace", plain.trace, how if plain.whole else "bound", method)
    spread = _sampling_error(influences, task.total) if task.point.m < task.total else None
    if plain.whole:
        read.add("nonuniformity", s, how, method, spread)
    else:
        read.add("nonuniformity", s, "bound", method + ", within those directions: not less than this", spread)
    if own is not None and own.known and not stateless:
        task.factors = scaled[0] if scaled else plain
    return read


def _moments(c: Curvature, at_once: int, seconds: float) -> torch.Tensor:
    """Mean of the squared norms of the examples' gradients and of these, [1 + d] float64."""
    mean = torch.zeros(c.size, dtype=torch.float64, device=c.device)
    squares = 0.0
    u = cotangents(c, gradient_columns, 1, outputs_of(c))
    for _, own in rows(c, u, at_once, Deadline(seconds).over):
        # A few at a time: in float64 they are twice as long.
        for some in own[:, 0].split(max(1, _BLOCK // c.size)):
            wide = some.double()
            mean.add_(wide.sum(0), alpha=1 / c.m)
            squares += float(wide.square_().sum()) / c.m
    return torch.cat([mean.new_tensor([squares]), mean])


def gradient_noise(task: Task) -> Readings:
    """tr Cov(∇L_i), the simple noise scale (McCandlish et al. 2018, §2.2) and batch sharpness (Andreyev & Beneventano 2024)."""
    read = Readings()
    point = task.point
    plan, mean_bytes = point.problem.plan, _MEAN * 8 * point.size
    at_once = plan.room - mean_bytes - task.kept()
    if at_once < ROW * plan.vector:
        plan.refuse("the mean of the gradients with one of them", mean_bytes + task.kept() + ROW * plan.vector)
    both = point.summed(_moments, (1 + point.size,), torch.float64, at_once, task.deadline.left())
    squares, mean = float(both[0]), both[1:]
    norm = float(mean @ mean)
    # A difference below the rounding of its terms is none: identical gradients have no covariance.
    trace = squares - norm if squares - norm > _COVARIANCE_ROUNDING * squares else 0.0
    whole = point.m >= task.total
    how = "exact" if whole else "estimate"
    method = task.said("every held example's gradient", products=False)
    read.add("gradNorm", math.sqrt(norm), how, method)
    read.add("noise.trace", trace, how, method)
    read.add("noise.scale", trace / norm if norm > 0 else float("inf"), how, method)
    if task.batch_size is None:
        read.notes.append("no batch sharpness: the batch size is not known (batch_size=…)")
    elif point.problem.tied and plan.each * (task.batch_size - point.problem.piece) > plan.room - 8 * plan.vector:
        read.notes.append("no batch sharpness: batch normalization ties the examples of a batch, which together take more than memory=…")
    elif task.batch_size > point.m:
        read.notes.append(f"no batch sharpness: a batch has {task.batch_size} examples and {point.m} are held")
    else:
        _batch_sharpness(task, read, task.batch_size, whole)
    return read


def _quotients(c: Curvature, batches: torch.Tensor) -> torch.Tensor:
    """gᵀH_B g / ‖g‖² of the batches that are this rank's, one after the other; the others' are 0."""
    out = torch.zeros(len(batches), dtype=torch.float64)
    rank, ranks = (c.team.rank, c.team.ranks) if c.team else (0, 1)
    for k in range(rank, len(batches), ranks):
        own = c.on(batches[k].cpu())
        _, g = own.gradient()
        out[k] = float(g @ own.hessian(g)) / max(float(g @ g), 1e-300)
    return out


def _batch_sharpness(task: Task, read: Readings, B: int, whole: bool) -> None:
    point, m = task.point, task.point.m
    every = whole and math.comb(m, B) <= _MOST_BATCHES
    if every:
        batches = [torch.tensor(list(own)) for own in itertools.combinations(range(m), B)]
    else:
        draws = _DRAWN if task.closing else max(4, min(_DRAWN, 4 * m // B))
        batches = [torch.randperm(m, generator=task.memory.draws)[:B] for _ in range(draws)]
    point.problem.plan.give_back()
    samples: list[float] = []
    ranks = point.team.ranks if point.team else 1
    for first in range(0, len(batches), ranks):
        some = torch.stack(batches[first : first + ranks])
        samples += point.summed(_quotients, (len(some),), torch.float64, some).tolist()
        point.products += len(some) * B / m
        if task.deadline.over() and 4 <= len(samples) < len(batches):
            every = False
            break
    mean = sum(samples) / len(samples)
    spread = math.sqrt(sum((x - mean) ** 2 for x in samples) / max(1, len(samples) - 1) / len(samples))
    method = task.said("every batch there is" if every else f"{len(samples)} random batches")
    read.add("noise.batchSharpness", mean, "exact" if every else "estimate", method, 0.0 if every else spread)


def spectrum(task: Task) -> Readings:
    """tr H and ‖H‖_F: a product per parameter where there are few, else Hutchinson's estimate with random signs."""
    read = Readings()
    point, d = task.point, task.point.size
    patient = task.closing and math.isinf(task.deadline.end) and d * d * point.m <= _EXACT_WORK
    exact = d <= _EXACT_MOMENTS or patient
    traces, squares = [], []
    for i in range(d if exact else (32 if task.closing else 8)):
        if exact:
            z = torch.zeros(d, dtype=point.dtype, device=point.device)
            z[i] = 1
        else:
            z = point.random(task.memory.draws, signs=True)
        product = point.hessian(z).double()
        traces.append(float(z.double() @ product))
        squares.append(float(product @ product))
        if not exact and len(traces) >= 4 and task.deadline.over():
            break
    how, method = ("exact", task.said("a product per parameter")) if exact else (
        "estimate",
        task.said(f"Hutchinson's estimate, {len(traces)} random sign vectors"),
    )
    if exact:
        read.add("trace", sum(traces), how, method, 0.0)
        read.add("frobenius", math.sqrt(sum(squares)), how, method, 0.0)
        return read
    trace, trace_error = _mean(traces)
    square, square_error = _mean(squares)
    norm = math.sqrt(square)
    read.add("trace", trace, how, method, trace_error)
    read.add("frobenius", norm, how, method, square_error / (2 * norm) if norm > 0 else 0.0)
    return read


def _mean(samples: list[float]) -> tuple[float, float]:
    mean = sum(samples) / len(samples)
    spread = sum((x - mean) ** 2 for x in samples) / max(1, len(samples) - 1)
    return mean, math.sqrt(spread / len(samples))


Probe = Callable[[Task], Readings]
PROBES: dict[str, Probe] = {
    "generalization": generalization,
    "gradient": gradient,
    "sharpness": sharpness,
    "gradientNoise": gradient_noise,
    "noise": noise,
    "spectrum": spectrum,
    "layers": layers,
}
"""In the order in which they are taken at a step: a verdict wants the others' readings before the factors."""
