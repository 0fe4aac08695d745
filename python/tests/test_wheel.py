"""The wheel that Set Up PyTorch installs: whole, and made of the sources as they stand."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
import tempfile
import unittest
import zipfile
from email.parser import Parser
from pathlib import Path

import basin

PROJECT = Path(__file__).resolve().parents[1]


class Wheel(unittest.TestCase):
    def test_it_holds_every_source_and_says_what_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            made = subprocess.run(
                [sys.executable, str(PROJECT / "wheel.py"), folder], capture_output=True, text=True, check=True
            ).stdout.strip()
            self.assertEqual(Path(made).name, f"basin_torch-{basin.__version__}-py3-none-any.whl")
            with zipfile.ZipFile(made) as archive:
                held = {name: archive.read(name) for name in archive.namelist()}
        source = PROJECT / "src"
        own = {p.relative_to(source).as_posix(): p.read_bytes() for p in source.glob("basin/**/*") if p.suffix in (".py", ".typed")}
        info = f"basin_torch-{basin.__version__}.dist-info"
        self.assertEqual({name: data for name, data in held.items() if not name.startswith(info)}, own)
        metadata = Parser().parsestr(held[f"{info}/METADATA"].decode())
        self.assertEqual((metadata["Name"], metadata["Version"]), ("basin-torch", basin.__version__))
        self.assertEqual(metadata.get_all("Requires-Dist"), ["torch>=1.13"])
        for line in held[f"{info}/RECORD"].decode().splitlines():
            name, digest, size = line.split(",")
            if name.endswith("/RECORD"):
                continue
            sha = base64.urlsafe_b64encode(hashlib.sha256(held[name]).digest()).rstrip(b"=").decode()
            self.assertEqual((digest, int(size)), (f"sha256={sha}", len(held[name])))


if __name__ == "__main__":
    unittest.main()
