"""DistributedDataParallel: the numbers of one process, and nobody who waits for a rank that raised. Over the loopback interface and files."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch

from test_runs import SOURCE, events

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "pytorch" / "ddp.py"
# Sums over the ranks are rounded in another order.
ROUNDING = 1e-5

# Every rank trains on the same batch, so that training is the same on one process; the held examples are divided.
SCRIPT = """
import os, sys
import torch, basin
import torch.distributed as dist
import torch.nn.functional as F

def train(case, root, rank, ranks):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    X = torch.randn(21, 9); y = (X[:, 0] > 0).long() + (X[:, 1] > 0).long()
    cnn = case == "cnn"
    if cnn:
        layers = [torch.nn.Conv2d(1, 2, 2), torch.nn.BatchNorm2d(2), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(8, 3)]
    else:
        layers = [torch.nn.Linear(9, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3)]
    model = torch.nn.Sequential(*layers)
    def forward(model, batch):
        return model(batch[0].reshape(-1, 1, 3, 3) if cnn else batch[0]), batch[1]
    calls = [0]
    def loss(f, t):
        calls[0] += 1
        if case == "reading" and rank == 1 and calls[0] > 40: raise ValueError("the loss of rank 1 is broken")
        return F.cross_entropy(f, t)
    if ranks > 1:
        dist.init_process_group("gloo", init_method="file://" + root + "/meet", rank=rank, world_size=ranks)
    if case == "sharded":
        from torch.distributed.fsdp import fully_shard
        for layer in (model[0], model[2]): fully_shard(layer)
        fully_shard(model)
    elif ranks > 1:
        model = torch.nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    plain = case in ("mlp", "cnn", "small", "sharded")
    probes = {name: {"every": 2} for name in ("sharpness", "noise", "gradientNoise", "generalization")}
    if plain: probes.update(spectrum={"every": 2}, layers={"every": 2})
    probe = basin.watch(model, optimizer, loss="no loss" if case == "watch" and rank else loss,
        data=basin.hold((X + rank if case == "data" else X, y)), test=(X[:5].flip(1), y[:5]), forward=forward, probes=probes,
        batch_size=7, sampling="epochs", drop_last=True, budget=None, closing=60 if plain else 0,
        memory=80000 if case == "small" else None, root=root)
    last = 2 if plain or case == "data" else 6 if case not in ("stop", "interrupt") else 10**6
    for step in range(1, last + 1):
        optimizer.zero_grad()
        own = F.cross_entropy(*forward(model, (X, y)))
        own.backward()
        optimizer.step()
        probe.step(own)
        if case == "script" and rank == 1 and step == 3: raise ValueError("rank 1 raises")
        if case in ("stop", "interrupt") and rank == 0 and step == 3: (probe.folder / "stop").touch()
        if case == "stop" and probe.should_stop: break
    probe.close()
    print("closed at", step, flush=True)
    if ranks > 1: dist.destroy_process_group()
"""

# One process that forks a pair of ranks for each case: PyTorch is loaded once.
CASES = """
try:
    import torch._dynamo  # What the first optimizer loads, in two seconds: before the forks.
except ImportError:
    pass
root = sys.argv[1]
for case, ranks in [(c, r) for c in ("mlp", "cnn", "small") for r in (1, 2)] + [(c, 2) for c in sys.argv[2:]]:
    folder = os.path.join(root, case + str(ranks))
    os.makedirs(folder)
    children = []
    for rank in range(ranks):
        child = os.fork()
        if child == 0:
            for name, fd in (("out", 1), ("err", 2)):
                os.dup2(os.open(os.path.join(folder, name + str(rank)), os.O_WRONLY | os.O_CREAT), fd)
            train(case, folder, rank, ranks)
            sys.exit()
        children.append(child)
    states = [os.waitpid(child, 0)[1] for child in children]
    with open(os.path.join(folder, "status"), "w") as file:
        file.write(" ".join(str(os.WEXITSTATUS(s)) if os.WIFEXITED(s) else "-" + str(os.WTERMSIG(s)) for s in states))
"""

TORCHRUN = """
import runpy
rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
train("mlp", sys.argv[1], rank, ranks)
sys.argv = ["ddp.py", "--steps", "4", "--every", "2", "--init", "file://" + sys.argv[1] + "/meet-again"]
runpy.run_path("ddp.py", run_name="__main__")
"""

FAILING = ("reading", "watch", "script", "data", "stop", "interrupt")


def shards():
    """Whether this PyTorch has FSDP2 where the script looks for it."""
    return tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (2, 6)


def torchrun(script, arguments, root):
    """As `torchrun` does it, but for where the processes meet: in files, so that nothing listens."""
    own = {
        **os.environ,
        "PYTHONPATH": SOURCE,
        "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo",
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--nnodes", "1"]
    command += ["--rdzv_backend", "c10d", "--rdzv_endpoint", f"{root}/rendezvous", "--rdzv_id", "basin", "--rdzv_conf", "store_type=file"]
    # Debian's 1.13 fails at its default of where output goes.
    command += ["--redirects", "1", "--tee", "1", "--log_dir", f"{root}/logs"]
    return subprocess.run([*command, str(script), *arguments], cwd=root, env=own, capture_output=True, text=True, timeout=500, check=False)


def read(root):
    """A run's readings by step, name and probe, the tensors of its factor files, and its log."""
    (run,) = (Path(root) / ".basin" / "runs").iterdir()
    lines = events(run)
    values = {(e["step"], name, e["probe"]): value for e in lines if e.get("probe") for name, value in e["values"].items()}
    return values, {file.name: tensors(file) for file in (run / "factors").iterdir()}, lines


def tensors(file):
    data = file.read_bytes()
    size = int.from_bytes(data[:8], "little")
    head = json.loads(data[8 : 8 + size])
    head.pop("__metadata__")
    raw = data[8 + size :]
    return {
        name: torch.frombuffer(bytearray(raw[slice(*one["data_offsets"])]), dtype=torch.float64).reshape(one["shape"])
        for name, one in head.items()
    }


@unittest.skipUnless(torch.distributed.is_available() and sys.platform == "linux", "torch.distributed with gloo on Linux")
class Distributed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name)
        script = cls.root / "cases.py"
        script.write_text(SCRIPT + CASES)
        own = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        done = subprocess.run(
            [sys.executable, str(script), str(cls.root), *FAILING, *(["sharded"] if shards() else [])], env=own, cwd=cls.root, capture_output=True, text=True, timeout=800, check=False
        )
        if done.returncode != 0:
            raise AssertionError(done.stderr[-3000:])

    def ranks(self, case, ranks=2):
        """Each rank's status, output and errors, and the log."""
        folder = self.root / f"{case}{ranks}"
        states = [int(one) for one in (folder / "status").read_text().split()]
        said = [(states[k], (folder / f"out{k}").read_text(), (folder / f"err{k}").read_text()) for k in range(ranks)]
        runs = list((folder / ".basin" / "runs").glob("*"))
        return said, events(runs[0]) if runs else []

    def agree(self, a, b, where):
        a, b = (torch.as_tensor(one, dtype=torch.float64) for one in (a, b))
        scale = max(float(a.abs().max()), 1e-3)
        self.assertLess(float((a - b).abs().max()), ROUNDING * scale, where)

    def same_run(self, one, other):
        values, factors, _ = one
        theirs, their_factors, lines = other
        self.assertEqual(values.keys(), theirs.keys())
        self.assertGreaterEqual(len({name for _, name, _ in values}), 18)
        for key, value in values.items():
            # An error bar is a rest: of it the rounding itself is a part.
            if not key[1].endswith(".error"):
                self.agree(value, theirs[key], key)
        self.assertEqual(factors.keys(), their_factors.keys())
        self.assertGreater(len(factors), 0)
        for name, own in factors.items():
            self.agree(*(products(f) for f in (own, their_factors[name])), name)
        self.assertFalse([e for e in lines if "together" in e.get("message", "") or "could not" in e.get("message", "")])

    def test_two_ranks_give_the_numbers_of_one_process(self):
        # With batch normalization by pieces of a batch; with all factors, and with so little memory that only the sharpest directions are.
        for case in ("mlp", "cnn", "small"):
            with self.subTest(case=case):
                for ranks in (1, 2):
                    self.assertEqual([status for status, _, _ in self.ranks(case, ranks)[0]], [0] * ranks, self.ranks(case, ranks))
                self.same_run(read(self.root / f"{case}1"), read(self.root / f"{case}2"))

    @unittest.skipUnless(shards(), "fully_shard")
    def test_so_do_ranks_that_hold_the_model_in_pieces(self):
        self.assertEqual([status for status, _, _ in self.ranks("sharded")[0]], [0, 0], self.ranks("sharded"))
        one, two = read(self.root / "mlp1"), read(self.root / "sharded2")
        self.same_run(one, two)
        notes = [e["message"] for e in two[2] if e["kind"] == "note"]
        self.assertTrue(any("gathers the sharded model" in note for note in notes), notes)

    def test_so_does_torchrun_and_the_examples_batch_is_that_of_all_ranks(self):
        with tempfile.TemporaryDirectory() as root:
            script = Path(root) / "train.py"
            shutil.copy(EXAMPLE, root)
            script.write_text(SCRIPT + TORCHRUN)
            mine = Path(root) / "mine"
            mine.mkdir()
            done = torchrun(script, [str(mine)], root)
            self.assertEqual(done.returncode, 0, done.stderr[-3000:])
            self.same_run(read(self.root / "mlp1"), read(mine))
            (run,) = (Path(root) / ".basin" / "runs").iterdir()
            info = json.loads((run / "run.json").read_text())
            self.assertEqual(info["experiment"]["optimizer"]["batchSize"], 16)
            lines = events(run)
        self.assertEqual(lines[-1]["reason"], "steps")
        self.assertIn(2, [e["step"] for e in lines if e.get("probe") == "sharpness"])

    def test_a_rank_whose_reading_fails_costs_that_reading_on_all(self):
        ranks, lines = self.ranks("reading")
        self.assertEqual([status for status, _, _ in ranks], [0, 0], ranks)
        notes = [e["message"] for e in lines if e["kind"] == "note"]
        self.assertTrue(any("rank 1: ValueError: the loss of rank 1 is broken" in note for note in notes), notes)
        self.assertEqual((lines[-1]["reason"], lines[-1]["step"]), ("steps", 6))

    def test_a_rank_that_cannot_be_watched_is_named_on_all(self):
        ranks, lines = self.ranks("watch")
        self.assertEqual([status for status, _, _ in ranks], [1, 1])
        self.assertIn("rank 1 cannot be measured on: basin: loss must be a function", ranks[0][2])
        self.assertIn("BasinError: basin: loss must be a function", ranks[1][2])
        self.assertEqual(lines, [])

    def test_a_rank_that_raises_leaves_nobody_waiting(self):
        ranks, lines = self.ranks("script")
        # DistributedDataParallel itself ends rank 0 at its next reduction.
        self.assertEqual([status for status, _, _ in ranks], [1, 1], ranks)
        self.assertEqual(lines[-1]["reason"], "error")

    def test_ranks_that_drew_other_examples_measure_those_of_rank_0(self):
        ranks, lines = self.ranks("data")
        self.assertEqual([status for status, _, _ in ranks], [0, 0], ranks)
        first = lambda log: next(e["values"]["sharpness"] for e in log if e.get("probe") == "sharpness")  # noqa: E731
        self.agree(first(lines), first(self.ranks("mlp", 1)[1]), "sharpness")

    def test_all_ranks_stop_at_the_same_step(self):
        ranks, lines = self.ranks("stop")
        self.assertEqual([status for status, _, _ in ranks], [0, 0], ranks)
        self.assertRegex(ranks[0][1], r"closed at \d+")
        self.assertEqual(ranks[0][1], ranks[1][1])
        self.assertEqual(lines[-1]["reason"], "interrupted")
        ranks, lines = self.ranks("interrupt")
        self.assertNotIn(0, [status for status, _, _ in ranks])
        for _, _, err in ranks:
            self.assertIn("KeyboardInterrupt: Basin was asked to stop this run", err)
        self.assertEqual(lines[-1]["reason"], "interrupted")


def products(factors):
    """Coordinates are known up to sign and rotation, their products are not."""
    if "gram" in factors:
        return factors["gram"]
    A = factors["coordinates"]
    return torch.einsum("mkr,nlr->mknl", A, A)


if __name__ == "__main__":
    unittest.main()
