"""The run folder: the one that Basin made for a script it started, or one of the script's own under `.basin/runs`."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import sys
import traceback
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any, Optional

import torch

from .descent import Descent
from .errors import BasinError
from .files import write_atomic
from .log import dumps
from .processes import Supervisor, started
from .version import __version__

_MARKS = (".basin", ".git", ".vscode")


def environment() -> dict[str, Any]:
    """What Basin told the script it started: `BASIN_SETTINGS`. @raises BasinError where that is no JSON object."""
    text = os.environ.get("BASIN_SETTINGS", "")
    if not text:
        return {}
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise BasinError(f"BASIN_SETTINGS is no JSON: {error}.") from error
    if not isinstance(settings, dict):
        raise BasinError("BASIN_SETTINGS must be one JSON object.")
    return settings


def script() -> Optional[Path]:
    """The script that runs, None in a notebook or an interactive session."""
    file = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(file).resolve() if file else None


def place(trace: Optional[TracebackType]) -> dict[str, Any]:
    """The innermost line of the script's own, else of whatever is no installed package."""
    frames = traceback.extract_tb(trace)
    own = str(script() or "")
    for chosen in (
        [f for f in frames if own and os.path.realpath(f.filename) == own],
        [f for f in frames if "site-packages" not in f.filename and "dist-packages" not in f.filename],
    ):
        if chosen:
            return {"file": os.path.realpath(chosen[-1].filename), "line": chosen[-1].lineno}
    return {}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "run"


def _workspace() -> Path:
    own = script()
    start = own.parent if own else Path.cwd()
    for folder in (start, *start.parents):
        if any((folder / mark).exists() for mark in _MARKS):
            return folder
    return start


def _short(number: float) -> str:
    return f"{number:g}"


class RunFolder:
    """Where a run's files lie. `launched`: Basin made it and watches over the script."""

    def __init__(self, path: Path, launched: bool, info: dict[str, Any]) -> None:
        self.path, self.launched, self.info = path, launched, info
        self._claim: Optional[dict[str, Any]] = None
        self.supervisor = Supervisor.of(path) if launched else None

    @property
    def id(self) -> str:
        return str(self.info.get("id") or self.path.name)

    @property
    def name(self) -> str:
        return str(self.info.get("experiment", {}).get("name") or "run")

    def claim(self) -> None:
        """Says which process writes here, so that readers see whether it lives. Basin's own process says it where it launched the script."""
        if self.launched:
            return
        self._claim = {"pid": os.getpid(), "started": started(os.getpid()) or "", "host": socket.gethostname(), "at": _iso(_now())}
        (self.path / "processes").mkdir(exist_ok=True)
        self._write_claim()

    def release(self, status: int) -> None:
        if self._claim is not None and self._claim["pid"] == os.getpid():
            self._claim["exit"] = status
            self._write_claim()

    def _write_claim(self) -> None:
        write_atomic(self.path / "processes" / "1.json", [dumps(self._claim).encode() + b"\n"])


def _versions() -> dict[str, str]:
    return {"basin-torch": __version__, "python": platform.python_version(), "torch": torch.__version__}


def open_launched(path: Path, optimizer: dict[str, Any]) -> tuple[RunFolder, list[str]]:
    """
    The folder in `BASIN_RUN_DIR`. What its run.json leaves open of the optimizer is filled in once.

    @returns the folder, and notes on settings that the script does not follow.
    @raises BasinError where there is no run.json.
    """
    file = path / "run.json"
    try:
        info = json.loads(file.read_text(encoding="utf-8"))
        own = info["experiment"].setdefault("optimizer", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BasinError(f"BASIN_RUN_DIR names {path}, which holds no run.json that can be read ({error}).") from error
    notes = []
    for key, value in optimizer.items():
        if key not in own or own[key] is None:
            own[key] = value
        elif key in ("learningRate", "batchSize") and own[key] != value and value is not None:
            notes.append(f"the experiment file says optimizer.{key} {own[key]}, the script trains with {value}; the script's is judged")
    info["versions"] = {**(info.get("versions") or {}), **_versions()}
    write_atomic(file, [dumps(info, 2).encode() + b"\n"])
    return RunFolder(path, True, info), notes


def make(name: Optional[str], optimizer: dict[str, Any], probes: dict[str, Any], root: Optional[Path] = None) -> RunFolder:
    """A folder of the script's own. @raises OSError."""
    own = script()
    title = name or (own.stem if own else "notebook")
    workspace = root if root is not None else _workspace()
    runs = workspace / ".basin" / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    ignore = workspace / ".basin" / ".gitignore"
    if not ignore.exists():
        ignore.write_text("runs/\nlocal.json\n", encoding="utf-8")
    at = _now()
    stem = f"{at:%Y%m%d-%H%M%S}-{slug(title)}-lr{_short(optimizer['learningRate'])}-b{optimizer['batchSize']}"
    path = _exclusive(runs, stem)
    info = {
        "schema": 1,
        "id": path.name,
        "experiment": {
            "name": title,
            "trainer": {"python": str(own) if own else "", "args": sys.argv[1:] if own else []},
            "optimizer": optimizer,
            "settings": {},
            "probes": probes,
        },
        "file": "",
        "overrides": {},
        "created": _iso(at),
        "handle": {"on": "external", "host": socket.gethostname()},
        "resumed": [],
        "versions": _versions(),
        "machine": _machine(),
        # Whether the tree is dirty takes git itself, which a setting of the workspace may make run anything.
        "git": None,
    }
    write_atomic(path / "run.json", [dumps(info, 2).encode() + b"\n"])
    return RunFolder(path, False, info)


def _exclusive(runs: Path, stem: str) -> Path:
    for k in range(1, 1000):
        path = runs / (stem if k == 1 else f"{stem}-{k}")
        try:
            path.mkdir()
            return path
        except FileExistsError:
            continue
    raise BasinError(f"basin: there are 999 runs of the name {stem} already.")


def _machine() -> dict[str, Any]:
    names = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}
    architecture = names.get(platform.machine().lower(), platform.machine().lower())
    memory = 0
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "platform": f"{sys.platform}-{architecture}",
        "cpu": _cpu(),
        "cores": os.cpu_count() or 0,
        "memory": memory,
        "host": socket.gethostname(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor()


def settings_of(descent: Descent, batch_size: Optional[int], total: int) -> dict[str, Any]:
    """`experiment.optimizer` of this script."""
    size: Any = "full" if batch_size is None or batch_size >= total else batch_size
    return {**descent.settings(), "batchSize": size}
