"""
The bridge beside what people use today, in one process on one thread; times are of the processor, so that a busy machine changes
the ratios little. Prints rows of a table.

Everybody is asked for a true error of 1e-3, makes the gradient's graph once a reading, and starts from its last vector. Basin stops
by its own error bar; a peer has none, and stops by the loosest of its tolerances that reached that error in every reading of three
other trainings of the same net, one tolerance for readings from nothing and one for those from the last: nobody looks at the truth of what
is measured. A stop without an error bar is the cheaper one, so that Basin's tracker is shown at a tolerance found in that way too.
`python bridge.py [product] [sharpness] [nonuniformity] [overhead] [memory]`.
"""

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python" / "src"))

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import basin
from basin.factors import gauss_newton_factors
from basin.problem import set_up
from basin.quiet import precise
from basin.reading import Deadline
from basin.tracker import Tracker
from peak import peak

torch.set_num_threads(1)
ERROR = 1e-3
EXAMPLES, WARM, TRAININGS = 300, 4, 3
CALIBRATING = (0, 4, 5)


def network(seed=0):
    torch.manual_seed(seed)
    labels = torch.randint(10, (4 * EXAMPLES,))
    images = 0.5 * torch.randn(10, 784)[labels] + torch.randn(len(labels), 784)
    model = nn.Sequential(nn.Linear(784, 200), nn.Tanh(), nn.Linear(200, 200), nn.Tanh(), nn.Linear(200, 10))
    return model, images, labels


def train(model, X, y, steps, rate=0.05):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    for _ in range(steps):
        index = torch.randint(len(X), (64,))
        optimizer.zero_grad()
        F.cross_entropy(model(X[index]), y[index]).backward()
        optimizer.step()


def problem(model, X, y):
    return set_up(
        model, None, loss=F.cross_entropy, data=(X, y), test=None, forward=None, train_size=None, batch_size=None, sampling=None,
        drop_last=None, batch_norm="batch", memory=None,
    )


def timed(work):
    began = time.process_time()
    value = work()
    return time.process_time() - began, value


class KeptGraph:
    """H v by double backward through a graph that is kept, as PyHessian does for one batch of data."""

    def __init__(self, model, X, y):
        self.parameters = list(model.parameters())
        self.first = torch.autograd.grad(F.cross_entropy(model(X), y), self.parameters, create_graph=True)
        self.size = sum(p.numel() for p in self.parameters)

    def product(self, v):
        parts = [part.view_as(p) for part, p in zip(v.split([p.numel() for p in self.parameters]), self.parameters)]
        return torch.cat([h.reshape(-1) for h in torch.autograd.grad(self.first, self.parameters, parts, retain_graph=True)])


TOLERANCES = (0.3, 0.1, 0.03, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True)
class Read:
    seconds: float
    products: float
    value: float


class Ours:
    """Stops by its own error bar, at the error that is asked for."""

    name = "Basin"

    def __init__(self, tolerance=ERROR):
        self.tracker, self.generator = Tracker(1, tolerance, 40), torch.Generator().manual_seed(1)

    def read(self, setup):
        def work():
            own = setup.point()
            return own, self.tracker.measure(own.hessian, lambda: own.random(self.generator))

        with precise():
            seconds, (own, pair) = timed(work)
        return Read(seconds, own.products, pair.values[0])


class Likewise(Ours):
    """By its error bar too, at the tolerance that reached the error elsewhere, as the peers."""

    name = "Basin at a tolerance found as the peers' are"


class Peer:
    """One that starts from its last vector and stops by a tolerance of its own."""

    def __init__(self, tolerance):
        self.tolerance, self.last, self.generator = tolerance, None, torch.Generator().manual_seed(2)

    def read(self, setup, model, X, y):
        size = sum(p.numel() for p in model.parameters())
        start = self.last if self.last is not None else torch.randn(size, generator=self.generator)
        seconds, (products, value, self.last) = timed(lambda: self.solve(model, X, y, start))
        return Read(seconds, products, value)


class PowerIteration(Peer):
    """Yao et al. 2020, algorithm 2: until the eigenvalue changes by less than a share."""

    name = "power iteration"

    def solve(self, model, X, y, start):
        graph = KeptGraph(model, X, y)
        v, last = start / start.norm(), math.inf
        for products in range(1, 2000):
            w = graph.product(v)
            value = float(v @ w)
            if abs(value - last) / (abs(value) + 1e-6) < self.tolerance:
                break
            v, last = w / w.norm(), value
        return products, value, v


class Eigsh(Peer):
    """SciPy's."""

    name = "eigsh"

    def operator(self, model, X, y):
        graph = KeptGraph(model, X, y)
        return lambda v: graph.product(torch.as_tensor(v, dtype=torch.float32)).numpy()

    def solve(self, model, X, y, start):
        from scipy.sparse.linalg import LinearOperator, eigsh

        apply, count = self.operator(model, X, y), [0]

        def counted(v):
            count[0] += 1
            return apply(v.ravel())

        operator = LinearOperator((len(start), len(start)), matvec=counted, dtype="float32")
        values, vectors = eigsh(operator, k=1, which="LA", tol=self.tolerance, v0=start.numpy())
        return count[0], float(values[0]), torch.from_numpy(vectors[:, 0])


class Curvlinops(Eigsh):
    name = "curvlinops with eigsh"

    def operator(self, model, X, y):
        from curvlinops import HessianLinearOperator

        loss, parameters = nn.CrossEntropyLoss(), list(model.parameters())
        operator = HessianLinearOperator(model, loss, parameters, [(X, y)], check_deterministic=False)
        return operator.to_scipy().matvec if hasattr(operator, "to_scipy") else operator.matvec


truths = {}


def readings(seed, methods):
    """Of a training: one from nothing, then each from the last. Yields (whether from nothing, what each method found, the truth)."""
    model, X, y = network(seed)
    X, y = X[:EXAMPLES], y[:EXAMPLES]
    train(model, X, y, 300)
    setup = problem(model, X, y)
    for reading in range(1 + WARM):
        truth = truths.get((seed, reading))
        if truth is None:
            with precise():
                wide = setup.point().wide()
                found = Tracker(1, 1e-6, 60).measure(wide.hessian, lambda: wide.random(torch.Generator().manual_seed(9)))
            truth = truths[seed, reading] = found.values[0]
        found = [m.read(setup) if isinstance(m, Ours) else m.read(setup, model, X, y) for m in methods]
        yield reading == 0, found, truth
        train(model, X, y, 10)


def calibrated(kind):
    """The loosest tolerances with which every reading of some trainings, from nothing and from the last, has the error that is asked for."""
    loosest = {}
    for tolerance in TOLERANCES:
        worst = {True: 0.0, False: 0.0}
        for seed in CALIBRATING:
            for cold, (found,), truth in readings(seed, [kind(tolerance)]):
                worst[cold] = max(worst[cold], abs(found.value / truth - 1))
        for cold, error in worst.items():
            if error <= ERROR:
                loosest.setdefault(cold, tolerance)
        if len(loosest) == 2:
            break
    return loosest


def row(work, ours, theirs, ratio):
    print(f"| {work} | {ours} | {theirs} | {ratio} |", flush=True)


middle = statistics.median


def ms(seconds):
    return f"{1000 * seconds:.0f} ms" if math.isfinite(seconds) else "–"


def times(ratio):
    return f"{ratio:.2g}" if math.isfinite(ratio) else "–"


def has(name):
    import importlib.util

    return importlib.util.find_spec(name) is not None


def sharpness():
    kinds = [PowerIteration, *([Eigsh] if has("scipy") else []), *([Curvlinops] if has("scipy") and has("curvlinops") else [])]
    loosest = {kind: calibrated(kind) for kind in [Likewise, *kinds]}
    found = {}
    for seed in range(1, 1 + TRAININGS):
        for cold in (True, False):
            methods = [Ours(), *(kind(loosest[kind].get(cold, min(TOLERANCES))) for kind in loosest)]
            for from_nothing, reads, truth in readings(seed, methods):
                if from_nothing == cold:
                    for method, read in zip(methods, reads):
                        found.setdefault((cold, method.name), []).append((read, abs(read.value / truth - 1)))
    for cold in (True, False):
        what = "from nothing" if cold else "from the last reading"
        for ours, kind in [*((Ours, kind) for kind in kinds), (Likewise, PowerIteration)]:
            own, their = found[cold, ours.name], found[cold, kind.name]
            ratio = middle(b.seconds / a.seconds for (a, _), (b, _) in zip(own, their))
            by = "" if ours is Ours else f", Basin at tolerance {loosest[ours].get(cold, min(TOLERANCES)):g}"
            row(
                f"λmax to 1e-3 {what}{by}, beside {kind.name} at tolerance {loosest[kind].get(cold, min(TOLERANCES)):g}",
                told(own), told(their), times(ratio),
            )


def told(reads):
    seconds, products = (middle(getattr(read, name) for read, _ in reads) for name in ("seconds", "products"))
    return f"{ms(seconds)}, {products:g} products, error at most {max(error for _, error in reads):.0e}"


def product():
    """A product alone, of which the others are made."""
    model, X, y = network(1)
    X, y = X[:EXAMPLES], y[:EXAMPLES]
    setup = problem(model, X, y)
    with precise():
        own, graph = setup.point(), KeptGraph(model, X, y)
        v = own.random(torch.Generator().manual_seed(1))
        pairs = []
        for _ in range(30):
            mine, a = timed(lambda: own.hessian(v))
            their, b = timed(lambda: graph.product(v))
            pairs.append((mine, their))
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)
    mine, their = (middle(column) for column in zip(*pairs))
    row("a product, beside double backward through a kept graph", ms(mine), ms(their), times(middle(b / a for a, b in pairs)))


def nonuniformity():
    model, X, y = network()
    X, y = X[:100], y[:100]
    train(model, X, y, 100)
    setup = problem(model, X, y)

    def read():
        with precise():
            (factors,) = gauss_newton_factors(setup.point(), torch.Generator(), Deadline(1e9), closing=False)
            return factors.nonuniformity()[0]

    read()
    seconds, _ = timed(read)
    loop = PerExample(model, X, y)
    loop.turn()
    values, spent = [], []
    while len(values) < 2 or abs(values[-1] / values[-2] - 1) > 1e-7:
        one, value = timed(loop.turn)
        spent.append(one)
        values.append(value)
    needed = next(k for k, value in enumerate(values, 1) if abs(value / values[-1] - 1) <= ERROR)
    their = sum(spent[:needed])
    row(
        "non-uniformity of 100 examples, exact, with its factors, beside the per-example loop (its own non-uniformity, of Hessians), "
        f"which is stopped as soon as it is within 1e-3 of where it ends: {needed} power iterations of 2 products an example",
        ms(seconds), ms(their), times(their / seconds),
    )
    row("the same beside one power iteration of that loop", ms(seconds), ms(middle(spent)), times(middle(spent) / seconds))


class PerExample:
    """Power iteration on (1/m) Σ H_i² − H², the examples one after the other, each with a graph that its two products share."""

    def __init__(self, model, X, y):
        self.model, self.X, self.y = model, X, y
        size = sum(p.numel() for p in model.parameters())
        self.v = torch.randn(size, generator=torch.Generator().manual_seed(2))

    def turn(self):
        """A power iteration. Returns the root of the eigenvalue as it stands."""
        v = self.v / self.v.norm()
        m, squares, mean = len(self.X), torch.zeros_like(v), torch.zeros_like(v)
        for i in range(m):
            own = KeptGraph(self.model, self.X[i : i + 1], self.y[i : i + 1])
            first = own.product(v)
            mean.add_(first, alpha=1 / m)
            squares.add_(own.product(first), alpha=1 / m)
        # H (H v) over all examples at once: the loop is spared it.
        squares -= KeptGraph(self.model, self.X, self.y).product(mean)
        self.v = squares
        return math.sqrt(max(0.0, float(v @ squares)))


def trained(probes, memory=None, seconds=math.inf, steps=math.inf, held=EXAMPLES):
    """
    Trains for so many seconds of the processor, or so many steps, watched where there are probes. Returns the seconds of `watch` and of
    every call of `step`, those of the steps themselves, and the log.
    """
    model, X, y = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loader = DataLoader(TensorDataset(X, y), batch_size=64, shuffle=True)
    with tempfile.TemporaryDirectory() as root:
        began, probe, calls, done = time.process_time(), None, [], 0
        if probes:
            probe = basin.watch(
                model, optimizer, loss=F.cross_entropy, data=basin.hold(loader, examples=held), every=20, budget=0.05, closing=0,
                probes=probes, memory=memory, root=root,
            )
            calls.append(time.process_time() - began)
        while done < steps and time.process_time() - began < seconds:
            for a, b in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(a), b)
                loss.backward()
                optimizer.step()
                done += 1
                if probe:
                    calls.append(timed(lambda: probe.step(loss))[0])
                if done == steps:
                    break
        own = time.process_time() - began - sum(calls)
        if not probe:
            return calls, own, []
        probe.close()
        return calls, own, [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]


def overhead():
    # The budget is a share of the time that passes, of which a busy machine gives a process any part.
    passing, time.monotonic = time.monotonic, time.process_time
    try:
        overhead_of(["sharpness"], EXAMPLES)
        # As many as have all their factors.
        overhead_of(["sharpness", "noise", "generalization"], 100)
    finally:
        time.monotonic = passing


def overhead_of(probes, held):
    calls, own, lines = trained(probes, seconds=40, held=held)
    taken = {name: [e["step"] for e in lines if e.get("probe") == name and e["step"] > 0] for name in probes}
    # The first of each probe is taken whatever it takes; all are due at the same step.
    first = min(steps[0] for steps in taken.values())
    idle = middle(calls[1:])
    rest = sum(calls) - calls[0] - calls[first]
    counted = ", ".join(f"{len(steps)} of {name}" for name, steps in taken.items())
    row(
        f"{len(calls) - 1} steps of 64 watched every 20 with budget=0.05: readings on {held} examples, {counted}, beside the steps "
        f"themselves. The first, which are always taken: {ms(calls[first])}, set-up: {ms(calls[0])}; a call without a reading: "
        f"{1e6 * idle:.0f} µs, {100 * idle * (len(calls) - 1) / own:.1f} % of a step",
        f"{rest:.2f} s after the first", f"{own:.1f} s", f"{100 * rest / own:.1f} % more; with the first, {100 * sum(calls) / own:.1f} %",
    )


def peak_of(what):
    return float(subprocess.run([sys.executable, __file__, what], capture_output=True, text=True, check=True).stdout)


def memory():
    plain, watched = peak_of("plain"), peak_of("watched")
    row("peak memory of training, watched with memory=2**27 beside alone", f"{watched:.0f} MB", f"{plain:.0f} MB", f"{watched - plain:.0f} MB more")


def main():
    if sys.argv[1:] in (["plain"], ["watched"]):
        trained(["sharpness", "noise", "generalization"] if sys.argv[1] == "watched" else (), memory=2**27, steps=60)
        print(peak())
        return
    print(f"PyTorch {torch.__version__}, one thread, seconds of the processor; tanh 784-200-200-10\n")
    for name in ("scipy", "curvlinops"):
        if not has(name):
            print(f"Without {name}, which this Python does not have.\n")
    print("| work | Basin | peer | ratio |\n|---|---|---|---|")
    parts = {"product": product, "sharpness": sharpness, "nonuniformity": nonuniformity, "overhead": overhead, "memory": memory}
    for name in sys.argv[1:] or parts:
        parts[name]()


main()
