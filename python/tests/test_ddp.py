"""DistributedDataParallel: two processes of the example, over the loopback interface and a file."""

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


@unittest.skipUnless(torch.distributed.is_available() and sys.platform == "linux", "torch.distributed with gloo on Linux")
class Distributed(unittest.TestCase):
    def test_rank_0_measures_and_writes_and_the_batch_is_that_of_all_ranks(self):
        with tempfile.TemporaryDirectory() as root:
            script = Path(root) / "ddp.py"
            shutil.copy(EXAMPLE, script)
            own = {**os.environ, "PYTHONPATH": SOURCE, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo", "WORLD_SIZE": "2"}
            command = [sys.executable, str(script), "--steps", "4", "--every", "2", "--init", f"file://{root}/meet"]
            ranks = [
                subprocess.Popen(command, cwd=root, env={**own, "RANK": str(k)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                for k in range(2)
            ]
            answers = [rank.communicate(timeout=300) for rank in ranks]
            for rank, (_, err) in zip(ranks, answers):
                self.assertEqual(rank.returncode, 0, err[-2000:])
            runs = list((Path(root) / ".basin" / "runs").iterdir())
            self.assertEqual([str(run) for run in runs], [str(Path(answers[0][0].strip()))])
            self.assertEqual(answers[1][0].strip(), "")
            info = json.loads((runs[0] / "run.json").read_text())
            self.assertEqual(info["experiment"]["optimizer"]["batchSize"], 16)
            lines = events(runs[0])
        self.assertEqual(lines[-1]["reason"], "steps")
        self.assertIn(2, [e["step"] for e in lines if e.get("probe") == "sharpness"])


if __name__ == "__main__":
    unittest.main()
