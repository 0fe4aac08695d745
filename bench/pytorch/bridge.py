"""
The bridge beside what people use today, in one process on one thread; times are of the processor, so that a busy machine changes
the ratios little. Prints rows of a table.

Peers are favoured: power iteration and eigsh run at the loosest of their own tolerances that reaches a true error of 1e-3, which
nobody could know beforehand, and start from their last vector too; Basin stops by its own error bar. Everybody makes the gradient's
graph, once a reading. `python bridge.py [sharpness] [nonuniformity] [overhead] [memory]`.
"""

import json
import math
import resource
import statistics
import subprocess
import sys
import tempfile
import time
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

torch.set_num_threads(1)
ERROR = 1e-3
EXAMPLES, WARM = 300, 4


def network():
    torch.manual_seed(0)
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


class Peer:
    """H v by double backward through a graph that is kept, as PyHessian does for one batch of data."""

    def __init__(self, model, X, y):
        self.parameters = list(model.parameters())
        self.first = torch.autograd.grad(F.cross_entropy(model(X), y), self.parameters, create_graph=True)
        self.size = sum(p.numel() for p in self.parameters)

    def product(self, v):
        parts = [part.view_as(p) for part, p in zip(v.split([p.numel() for p in self.parameters]), self.parameters)]
        return torch.cat([h.reshape(-1) for h in torch.autograd.grad(self.first, self.parameters, parts, retain_graph=True)])


TOLERANCES = (0.3, 0.1, 0.03, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 1e-5, 1e-6)


def power_iteration(make, start, truth):
    """Yao et al. 2020, algorithm 2, until the eigenvalue changes by less than a share. (seconds, products, vector)"""

    def run(tolerance):
        peer = make()
        v, last = start / start.norm(), math.inf
        for products in range(1, 2000):
            w = peer.product(v)
            value = float(v @ w)
            if abs(value - last) / (abs(value) + 1e-6) < tolerance:
                break
            v, last = w / w.norm(), value
        return products, value, v

    for tolerance in TOLERANCES:
        seconds, (products, value, v) = timed(lambda: run(tolerance))
        if abs(value / truth - 1) <= ERROR:
            return seconds, products, v
    return math.inf, math.inf, v


def eigsh(make, size, start, truth):
    """SciPy's. (seconds, products, vector)"""
    from scipy.sparse.linalg import LinearOperator, eigsh as solve

    for tolerance in TOLERANCES:
        count = [0]
        making, apply = timed(make)

        def counted(v):
            count[0] += 1
            return apply(v.ravel())

        operator = LinearOperator((size, size), matvec=counted, dtype="float32")
        seconds, (values, vectors) = timed(lambda: solve(operator, k=1, which="LA", tol=tolerance, v0=start))
        if abs(float(values[0]) / truth - 1) <= ERROR:
            return making + seconds, count[0], vectors[:, 0]
    return math.inf, math.inf, start


def row(work, ours, theirs, ratio):
    print(f"| {work} | {ours} | {theirs} | {ratio} |", flush=True)


def ms(seconds):
    return f"{1000 * seconds:.0f} ms" if math.isfinite(seconds) else "–"


def times(ratio):
    return f"{ratio:.2g}" if math.isfinite(ratio) else "–"


def has(name):
    import importlib.util

    return importlib.util.find_spec(name) is not None


def sharpness():
    model, X, y = network()
    X, y = X[:EXAMPLES], y[:EXAMPLES]
    train(model, X, y, 300)
    setup = problem(model, X, y)
    tracker = Tracker(1, ERROR, 40)
    generator = torch.Generator().manual_seed(1)
    last = {}
    found = {}
    for reading in range(1 + WARM):
        with precise():
            point = setup.point()
            exact = Tracker(1, 1e-7, 60)
            wide = point.wide()
            truth = exact.measure(wide.hessian, lambda: wide.random(torch.Generator().manual_seed(9))).values[0]

            def read():
                own = setup.point()
                pair = tracker.measure(own.hessian, lambda: own.random(generator))
                return own.products, pair

            seconds, (mine, pair) = timed(read)
        assert abs(pair.values[0] / truth - 1) <= ERROR, (pair.values[0], truth)
        kind = "warm" if reading else "cold"
        size = sum(p.numel() for p in model.parameters())
        start = last.get("power", torch.randn(size, generator=generator))
        their, count, last["power"] = power_iteration(lambda: Peer(model, X, y), start, truth)
        found.setdefault((kind, "power iteration"), []).append((seconds, mine, their, count))
        start = torch.randn(size, generator=generator).numpy()
        if has("scipy"):

            def products():
                peer = Peer(model, X, y)
                return lambda v: peer.product(torch.as_tensor(v, dtype=torch.float32)).numpy()

            their, count, last["eigsh"] = eigsh(products, size, last.get("eigsh", start), truth)
            found.setdefault((kind, "eigsh"), []).append((seconds, mine, their, count))
        if has("curvlinops") and has("scipy"):
            from curvlinops import HessianLinearOperator

            def products():
                loss, parameters = nn.CrossEntropyLoss(), list(model.parameters())
                operator = HessianLinearOperator(model, loss, parameters, [(X, y)], check_deterministic=False)
                return operator.to_scipy().matvec if hasattr(operator, "to_scipy") else operator.matvec

            their, count, last["curvlinops"] = eigsh(products, size, last.get("curvlinops", start), truth)
            found.setdefault((kind, "curvlinops with eigsh"), []).append((seconds, mine, their, count))
        train(model, X, y, 10)
    middle = statistics.median
    for (kind, name), rows in found.items():
        ours, mine, theirs, count = (middle(column) for column in zip(*rows))
        ratio = middle(their / own for own, _, their, _ in rows)
        row(f"λmax to 1e-3, {kind}, beside {name}", f"{ms(ours)}, {mine:g} products", f"{ms(theirs)}, {count:g} products", times(ratio))


def nonuniformity():
    model, X, y = network()
    X, y = X[:100], y[:100]
    train(model, X, y, 100)
    setup = problem(model, X, y)

    def read():
        with precise():
            factors = gauss_newton_factors(setup.point(), torch.Generator(), Deadline(1e9), closing=False, scale=None)
            return factors.nonuniformity()[0]

    read()
    seconds, _ = timed(read)
    parameters = list(model.parameters())
    v = [torch.randn_like(p) for p in parameters]
    some = 20

    def loop():
        for i in range(some):
            for _ in range(2):
                first = torch.autograd.grad(F.cross_entropy(model(X[i : i + 1]), y[i : i + 1]), parameters, create_graph=True)
                torch.autograd.grad(first, parameters, v)

    loop()
    their = timed(loop)[0] * len(X) / some
    row(
        "non-uniformity of 100 examples, exact, with its factors, beside one power iteration of the per-example loop "
        "(2 products an example; timed on 20 and scaled)",
        ms(seconds), ms(their), times(their / seconds),
    )


def loop(watched, seconds, memory=None, steps=None):
    """Trains for so many seconds of the processor, or so many steps. (steps, seconds of the processor, log)"""
    model, X, y = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    loader = DataLoader(TensorDataset(X, y), batch_size=64, shuffle=True)
    lines, done = [], 0
    with tempfile.TemporaryDirectory() as root:
        began = time.process_time()
        probe = None
        if watched:
            probe = basin.watch(
                model, optimizer, loss=F.cross_entropy, data=basin.hold(loader, examples=EXAMPLES), every=20, budget=0.05, closing=0,
                memory=memory, root=root,
            )
        while (done < steps) if steps else (time.process_time() - began < seconds):
            for a, b in loader:
                optimizer.zero_grad()
                loss = F.cross_entropy(model(a), b)
                loss.backward()
                optimizer.step()
                if probe:
                    probe.step(loss)
                done += 1
                if steps and done == steps:
                    break
        if probe:
            probe.close()
            lines = [json.loads(line) for line in (probe.folder / "events.jsonl").read_text().splitlines()]
        return done, time.process_time() - began, lines


def overhead():
    count, plain, _ = loop(False, 20)
    _, watched, lines = loop(True, 0, steps=count)
    taken = [e for e in lines if e.get("probe") and e["step"]]
    later = [e for k, e in enumerate(taken) if e["probe"] in {earlier["probe"] for earlier in taken[:k]}]
    share = sum(e["cost"]["seconds"] for e in later) / lines[-1]["time"]
    row(
        f"{count} steps of 64 watched every 20 with budget=0.05: {len(taken)} readings of {EXAMPLES} examples, beside the steps alone "
        f"(the first of each kind is always taken; those after it took {100 * share:.1f} % of the time)",
        f"{watched:.1f} s", f"{plain:.1f} s", f"{100 * (watched / plain - 1):.1f} % more",
    )


def peak(what):
    return float(subprocess.run([sys.executable, __file__, what], capture_output=True, text=True, check=True).stdout)


def memory():
    plain, watched = peak("plain"), peak("watched")
    row("peak memory of training, watched with memory=2**27 beside alone", f"{watched:.0f} MB", f"{plain:.0f} MB", f"{watched - plain:.0f} MB more")


def main():
    if sys.argv[1:] in (["plain"], ["watched"]):
        loop(sys.argv[1] == "watched", 0, memory=2**27, steps=60)
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(most / (2**20 if sys.platform == "darwin" else 2**10))
        return
    print(f"PyTorch {torch.__version__}, one thread, seconds of the processor; tanh 784-200-200-10\n")
    print("| work | Basin | peer | ratio |\n|---|---|---|---|")
    parts = {"sharpness": sharpness, "nonuniformity": nonuniformity, "overhead": overhead, "memory": memory}
    for name in sys.argv[1:] or parts:
        parts[name]()


main()
