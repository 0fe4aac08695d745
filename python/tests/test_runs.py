"""Run folders: what is written, how a run ends, and that a kill loses nothing that was acknowledged."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from dense import Dense

import basin
from basin.budget import Budget
from basin.log import EventLog, dumps
from basin.measuring import take
from basin.probes import Memory
from basin.problem import set_up
from test_numbers import examples, network

SOURCE = str(Path(__file__).resolve().parents[1] / "src")

SCRIPT = """
import sys
import torch, basin
import torch.nn.functional as F
torch.set_num_threads(1)
torch.manual_seed(0)
X = torch.randn(32, 4); y = (X[:, 0] > 0).long()
loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, y), batch_size=8, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
probe = basin.watch(model, optimizer, loss=F.cross_entropy, data=loader, every=2, budget=None, closing=0,
    probes=["generalization", "noise"])
print(probe.folder, flush=True)
step = 0
for epoch in range(10**6):
    for a, b in loader:
        optimizer.zero_grad(); loss = F.cross_entropy(model(a), b); loss.backward(); optimizer.step()
        probe.step(loss)
        step += 1
        print(step, flush=True)
        {body}
"""


def events(folder):
    lines = (Path(folder) / "events.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def start(folder, body="pass", **environment):
    script = Path(folder) / "train.py"
    script.write_text(SCRIPT.replace("{body}", body))
    own = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen(
        [sys.executable, str(script), "--lr", "0.1"], cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def claim(folder):
    return json.loads((Path(folder) / "processes" / "1.json").read_text())


class Folders(unittest.TestCase):
    def test_a_run_of_ones_own(self):
        with tempfile.TemporaryDirectory() as root:
            child = start(root, "if step == 5: probe.close(); break\n    if step == 5: break")
            out, err = child.communicate(timeout=300)
            self.assertEqual(child.returncode, 0, err)
            folder = Path(out.splitlines()[0])
            self.assertEqual(folder.parent, Path(root).resolve() / ".basin" / "runs")
            self.assertRegex(folder.name, r"^\d{8}-\d{6}-train-lr0\.1-b8$")
            self.assertEqual((folder.parents[1] / ".gitignore").read_text(), "runs/\nlocal.json\n")
            info = json.loads((folder / "run.json").read_text())
            self.assertEqual(info["experiment"]["trainer"]["args"], ["--lr", "0.1"])
            self.assertEqual(
                info["experiment"]["optimizer"],
                {"kind": "sgd", "learningRate": 0.1, "momentum": 0.9, "nesterov": False, "weightDecay": 0.0, "batchSize": 8},
            )
            lines = events(folder)
            header, end = lines[0], lines[-1]
            self.assertEqual((header["kind"], header["parameters"], header["examples"], header["outputs"]), ("header", 44, 32, 2))
            self.assertEqual(header["dynamics"]["momentum"], 0.9)
            self.assertEqual((end["kind"], end["step"], end["reason"]), ("end", 5, "steps"))
            readings = {(e["step"], name) for e in lines if e["kind"] == "metrics" for name in e["values"]}
            for step in (2, 4):
                self.assertLessEqual({(step, "loss.train"), (step, "gradNorm"), (step, "nonuniformity")}, readings)
            self.assertEqual(sorted(p.name for p in (folder / "factors").iterdir()), ["step-2.safetensors", "step-4.safetensors"])
            self.assertEqual(claim(folder)["exit"], 0)

    def test_the_factors_of_a_file_are_those_of_the_model(self):
        with tempfile.TemporaryDirectory() as root:
            model, (X, y) = network(), examples(F.mse_loss)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
            probe = basin.watch(
                model, optimizer, loss=F.mse_loss, data=(X, y), batch_size=2, sampling="independent", drop_last=True,
                train_size=100, every=1, probes=["noise"], budget=None, closing=0, root=root,
            )
            probe.step(1.0)
            probe.close()
            raw = (probe.folder / "factors" / "step-1.safetensors").read_bytes()
        size = int.from_bytes(raw[:8], "little")
        head = json.loads(raw[8 : 8 + size])
        meta = head["__metadata__"]
        self.assertEqual(
            [meta[k] for k in ("n", "m", "K", "B", "sampling", "dropLast", "learningRate", "momentum", "preconditioned", "step")],
            ["100", "10", "3", "2", "independent", "true", "0.05", "0.0", "false", "1"],
        )
        self.assertEqual((head["gram"]["dtype"], head["gram"]["shape"]), ("F64", [30, 30]))
        a, b = head["gram"]["data_offsets"]
        import array

        gram = torch.tensor(array.array("d", raw[8 + size + a : 8 + size + b])).reshape(30, 30)
        wanted = torch.linalg.eigvalsh(Dense(model, F.mse_loss, X, y).gauss_newton_parts().mean(0))[-1]
        self.assertLess(abs(float(torch.linalg.eigvalsh(gram)[-1]) / 10 - float(wanted)), 1e-5 * float(wanted))

    def test_without_a_batch_size_there_are_no_factors_and_the_log_says_why(self):
        with tempfile.TemporaryDirectory() as root:
            model, data = network(), examples(F.mse_loss)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
            probe = basin.watch(model, optimizer, loss=F.mse_loss, data=data, every=1, probes=["noise"], budget=None, closing=0, root=root)
            probe.step(1.0)
            probe.close()
            self.assertEqual(list((probe.folder / "factors").iterdir()), [])
            self.assertTrue(any("batch_size=" in e.get("message", "") for e in events(probe.folder)))

    def test_a_reading_that_was_cut_short_gets_twice_the_time_once_the_share_has_it(self):
        for share in (0.1, None):
            own = Budget(share)
            self.assertTrue(own.allows("sharpness", 0.0))
            first = own.limit("sharpness")
            own.took("sharpness", first, cut=True)
            self.assertEqual(own.limit("sharpness"), 2 * first)
            self.assertEqual(own.limit("noise"), first)
            # What it had and what it gets are to be a tenth of the time with itself.
            self.assertEqual(own.allows("sharpness", 27 * first), share is None)
            self.assertTrue(own.allows("sharpness", 28.1 * first))
            own.took("sharpness", 1.5 * first)
            self.assertEqual(own.limit("sharpness"), 2 * first)

    def test_cheap_readings_leave_the_dear_ones_their_part_of_the_budget(self):
        own, costs, now = Budget(0.05), {"generalization": 0.002, "sharpness": 0.1, "noise": 0.15}, 0.0
        taken = dict.fromkeys(costs, 0)
        # A hundred seconds of training, all of them due every 20 ms: the cheapest alone would take twice the budget.
        for _ in range(5000):
            now += 0.02
            for probe, cost in costs.items():
                if own.allows(probe, now):
                    now += cost
                    own.took(probe, cost)
                    taken[probe] += 1
                else:
                    own.skip(probe)
        spent = {probe: taken[probe] * cost for probe, cost in costs.items()}
        self.assertLess(sum(spent.values()), 0.051 * now)
        self.assertGreater(sum(spent.values()), 0.045 * now)
        for probe in costs:
            self.assertGreater(spent[probe], 0.04 / 3 * now, taken)
        # One that is seldom due holds the others to their part, and one that is gone holds nobody.
        own, now = Budget(0.05), 0.0
        for probe in ("often", "seldom"):
            own.took(probe, 0.01)
        own.skip("seldom")
        count = {True: 0, False: 0}
        for waits in (True, False):
            if not waits:
                own.drop("seldom")
            for _ in range(1000):
                now += 0.02
                if own.allows("often", now):
                    own.took("often", 0.01)
                    count[waits] += 1
                else:
                    own.skip("often")
        self.assertAlmostEqual(count[True] * 0.01 / 20, 0.025, delta=0.003)
        self.assertGreater(count[False], 1.5 * count[True])

    def test_a_reading_that_the_time_ended_says_so(self):
        model, data = nn.Linear(3, 2), (torch.randn(8, 3), torch.randn(8, 2))
        own = set_up(
            model, torch.optim.SGD(model.parameters(), lr=0.1), loss=F.mse_loss, data=data, test=None, forward=None, train_size=8,
            batch_size=4, sampling="epochs", drop_last=True, batch_norm="batch", memory=None,
        )
        memory = Memory()
        read, _ = take(own, "sharpness", memory, 0.0, closing=False)
        self.assertTrue(read.cut)
        # From nothing a residual says that there is an eigenvalue near, not that it is the largest.
        self.assertEqual(read.values["sharpness.error"], math.inf)
        self.assertEqual(read.how["sharpness"]["how"], "estimate")
        self.assertIn("stopped when the time was up", read.how["sharpness"]["method"])
        (note,) = read.notes
        self.assertIn("after 2 products", note)
        self.assertRegex(note, "hold about [1-7] examples in place of 8|twice the time")
        again, _ = take(own, "sharpness", memory, 60.0, closing=False)
        self.assertFalse(again.cut or again.notes)
        self.assertNotIn("stopped", again.how["sharpness"]["method"])

    def test_readings_over_the_budget_are_skipped_and_counted(self):
        with tempfile.TemporaryDirectory() as root:
            model, data = network(), examples(F.mse_loss)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
            probe = basin.watch(
                model, optimizer, loss=F.mse_loss, data=data, every=1, probes=["sharpness"], budget=1e-6, closing=0, root=root
            )
            for _ in range(5):
                probe.step(1.0)
            probe.close()
            lines = events(probe.folder)
        self.assertEqual([e["step"] for e in lines if e.get("probe") == "sharpness"], [1])
        notes = " ".join(e["message"] for e in lines if e["kind"] == "note")
        self.assertIn("1 readings taken, 4 skipped for the budget", notes)

    def watched(self, root, **options):
        model, (X, y) = network(), examples(F.cross_entropy)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        return basin.watch(model, optimizer, data=(X, y), batch_size=4, every=1, budget=None, closing=0, root=root, **options)

    def test_a_reading_that_raises_costs_itself_and_never_the_training(self):
        broken = []

        def loss(outputs, targets):
            if broken:
                raise KeyError("weights of the classes")
            return F.cross_entropy(outputs, targets)

        with tempfile.TemporaryDirectory() as root:
            probe = self.watched(root, loss=loss, probes=["sharpness"])
            broken.append(True)
            probe.step(1.0)
            probe.step(0.9)
            probe.close()
            told = events(probe.folder)
            notes = [one["message"] for one in told if one["kind"] == "note"]
            self.assertEqual([one for one in notes if one.startswith("sharpness could not be read: KeyError")], notes[-1:])
            self.assertEqual(told[-1]["reason"], "steps")

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_a_full_disk_ends_the_watching_and_not_the_training(self):
        for write in (lambda probe: probe.step(1.0), lambda probe: probe.log(mine=1.0)):
            with tempfile.TemporaryDirectory() as root:
                probe = self.watched(root, loss=F.cross_entropy, probes=["generalization"])
                full = os.open("/dev/full", os.O_WRONLY)
                os.dup2(full, probe._log._fd)
                os.close(full)
                with self.assertWarnsRegex(UserWarning, "training goes on unwatched"):
                    write(probe)
                probe.step(0.9)
                probe.log(mine=2.0)
                probe.close()

    def test_launched_by_basin_it_fills_the_folder_it_is_given(self):
        with tempfile.TemporaryDirectory() as root:
            run = Path(root) / "given"
            run.mkdir()
            experiment = {"name": "given", "trainer": {"python": "train.py"}, "optimizer": {"learningRate": 0.2}}
            (run / "run.json").write_text(json.dumps({"schema": 1, "id": "given", "experiment": experiment, "ticket": "x"}))
            settings = json.dumps({"probes": {"generalization": {"every": 1}}})
            child = start(root, "if step == 3: probe.close(); raise SystemExit", BASIN_RUN_DIR=str(run), BASIN_SETTINGS=settings)
            _, err = child.communicate(timeout=300)
            self.assertEqual(child.returncode, 0, err)
            info = json.loads((run / "run.json").read_text())
            self.assertEqual((info["ticket"], info["experiment"]["optimizer"]["learningRate"]), ("x", 0.2))
            self.assertEqual(info["experiment"]["optimizer"]["batchSize"], 8)
            lines = events(run)
            self.assertFalse((run / "processes").exists())
        self.assertTrue(any("the experiment file says optimizer.learningRate 0.2" in e.get("message", "") for e in lines))
        self.assertEqual([e["step"] for e in lines if e.get("probe") == "generalization"], [0, 1, 2, 3])

    def test_other_ranks_write_nothing(self):
        with tempfile.TemporaryDirectory() as root:
            child = start(root, "if step == 3: probe.close(); raise SystemExit", RANK="1")
            _, err = child.communicate(timeout=300)
            self.assertEqual(child.returncode, 0, err)
            self.assertFalse((Path(root) / ".basin").exists())


class Ends(unittest.TestCase):
    def finish(self, body, **environment):
        with tempfile.TemporaryDirectory() as root:
            child = start(root, body, **environment)
            out, err = child.communicate(timeout=300)
            folder = out.splitlines()[0]
            return child.returncode, err, events(folder), claim(folder)

    def test_a_script_that_raises_says_where(self):
        code, err, lines, own = self.finish("if step == 3: raise ValueError('shapes differ')")
        self.assertEqual((code, own["exit"]), (1, 1))
        self.assertIn("ValueError: shapes differ", err)
        end = lines[-1]
        self.assertEqual((end["reason"], end["step"], end["error"]["message"]), ("error", 3, "ValueError: shapes differ"))
        place = SCRIPT.replace("{body}", "MARK").split("\n").index("        MARK") + 1
        self.assertEqual((os.path.basename(end["error"]["file"]), end["error"]["line"]), ("train.py", place))

    def test_a_script_that_just_ends(self):
        code, _, lines, own = self.finish("if step == 3: raise SystemExit")
        self.assertEqual((code, lines[-1]["kind"], lines[-1]["reason"], own["exit"]), (0, "end", "steps", 0))

    def test_an_interrupt_and_a_request_to_stop(self):
        _, _, lines, own = self.finish("if step == 3: raise KeyboardInterrupt")
        self.assertEqual((lines[-1]["reason"], own["exit"]), ("interrupted", 130))
        stop = "if step == 3: (probe.folder / 'stop').touch(); import time; time.sleep(0.4)\n        if probe.should_stop: probe.close(); break\n    if probe.should_stop: break"
        code, _, lines, own = self.finish(stop)
        self.assertEqual((code, lines[-1]["reason"]), (0, "interrupted"))

    def test_termination(self):
        _, _, lines, own = self.finish("if step == 3: import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
        self.assertEqual((lines[-1]["reason"], own["exit"]), ("interrupted", 130))

    def test_divergence(self):
        code, _, lines, _ = self.finish("probe.step(float('nan')) if step == 2 else None\n        if step == 3: probe.close(); raise SystemExit")
        self.assertEqual([e["step"] for e in lines if e["kind"] == "diverged"], [3])
        self.assertEqual((code, lines[-1]["reason"]), (0, "diverged"))

    def test_a_state_that_was_saved_comes_back(self):
        with tempfile.TemporaryDirectory() as root:
            model, data = network(), examples(F.mse_loss)
            optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
            probe = basin.watch(model, optimizer, loss=F.mse_loss, data=data, closing=0, root=root)
            probe.step(1.0)
            path = probe.save({"model": model.state_dict(), "step": 1})
            probe.close()
            self.assertIn({"kind": "checkpoint", "step": 1, "file": "step-1.pt"}, events(probe.folder))
            os.environ["BASIN_RESUME_FROM"] = str(path)
            try:
                state = basin.resume_state()
            finally:
                del os.environ["BASIN_RESUME_FROM"]
            self.assertTrue(torch.equal(state["model"]["0.weight"], model[0].weight))


class Log(unittest.TestCase):
    def test_numbers_that_are_not_finite_are_words(self):
        text = dumps({"a": [float("nan"), float("inf"), -float("inf"), 1.5, True, 3]})
        self.assertEqual(text, '{"a":["NaN","Infinity","-Infinity",1.5,true,3]}')

    def test_a_torn_last_line_is_closed(self):
        with tempfile.TemporaryDirectory() as root:
            path = Path(root) / "events.jsonl"
            path.write_bytes(b'{"kind":"header"}\n{"kind":"metr')
            log = EventLog(path)
            log.add("note", step=1, message="on")
            log.close()
            self.assertEqual(path.read_bytes().split(b"\n")[1:], [b'{"kind":"metr', b'{"kind":"note","step":1,"message":"on"}', b""])

    @unittest.skipUnless(hasattr(signal, "SIGKILL"), "needs SIGKILL")
    def test_a_kill_anywhere_loses_no_reading_that_was_acknowledged(self):
        kills = 24
        with tempfile.TemporaryDirectory() as root:
            # One process that forks: PyTorch is loaded once.
            script = Path(root) / "kills.py"
            script.write_text(KILLS)
            own = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                [sys.executable, str(script), root, str(kills)], env=own, cwd=root, capture_output=True, text=True, timeout=500, check=False
            )
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            killed = 0
            for k in range(kills):
                acknowledged = (Path(root) / f"acknowledged-{k}").read_text().split()
                runs = list((Path(root) / f"run-{k}" / ".basin" / "runs").glob("*"))
                if not runs:
                    self.assertEqual(acknowledged, [])
                    continue
                raw = (runs[0] / "events.jsonl").read_bytes() if (runs[0] / "events.jsonl").exists() else b""
                whole = [json.loads(line) for line in raw.split(b"\n")[:-1]]
                seen = {e["step"] for e in whole if e.get("probe") == "noise"}
                steps = {int(s) for s in acknowledged}
                self.assertLessEqual(steps, seen, f"kill {k}")
                factors = {p.name for p in (runs[0] / "factors").glob("step-*")} if (runs[0] / "factors").exists() else set()
                self.assertLessEqual({f"step-{s}.safetensors" for s in steps}, factors)
                for name in factors:
                    data = (runs[0] / "factors" / name).read_bytes()
                    size = int.from_bytes(data[:8], "little")
                    head = json.loads(data[8 : 8 + size])
                    self.assertEqual(len(data), 8 + size + max(v["data_offsets"][1] for k, v in head.items() if k != "__metadata__"))
                killed += bool(steps)
            self.assertGreaterEqual(killed, kills // 3)


KILLS = """
import os, random, signal, sys, time
import torch, torch.nn.functional as F
import basin
try:
    import torch._dynamo  # What the first optimizer loads, in two seconds: before the forks.
except ImportError:
    pass
torch.set_num_threads(1)
root, kills = sys.argv[1], int(sys.argv[2])
draw = random.Random(1)
for k in range(kills):
    told = open(os.path.join(root, f"acknowledged-{k}"), "wb", buffering=0)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        torch.manual_seed(0)
        X = torch.randn(16, 4); y = (X[:, 0] > 0).long()
        model = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 2))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        os.makedirs(os.path.join(root, f"run-{k}"))
        os.write(write, b"x")
        probe = basin.watch(model, optimizer, loss=F.cross_entropy, data=(X, y), batch_size=4, sampling="epochs", drop_last=True,
            every=1, probes=["noise"], budget=None, closing=0, root=os.path.join(root, f"run-{k}"))
        for step in range(1, 10**6):
            optimizer.zero_grad(); loss = F.cross_entropy(model(X), y); loss.backward(); optimizer.step()
            probe.step(loss)
            os.write(told.fileno(), b"%d " % step)
    os.read(read, 1)
    # Until it has acknowledged a few, then at any moment; some are killed while they begin.
    path = os.path.join(root, f"acknowledged-{k}")
    wait = k % 4
    until = time.monotonic() + 60
    while wait and os.path.getsize(path) < 2 * wait and time.monotonic() < until:
        time.sleep(0.002)
    time.sleep(draw.random() * 0.05)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""

if __name__ == "__main__":
    unittest.main()
