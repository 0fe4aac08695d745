"""What a script gets back of an earlier run of itself."""

from __future__ import annotations

import os
import re
from typing import Any, Optional

import torch

_used: Optional[int] = None


def resume_state(map_location: Any = "cpu") -> Optional[Any]:
    """
    What `probe.save` was given last, where Basin resumes or branches this run; None where the script starts anew.
    Call it before `basin.watch`, so that the log goes on from its step.
    """
    global _used
    path = os.environ.get("BASIN_RESUME_FROM")
    if not path:
        return None
    kwargs = {"weights_only": False} if "weights_only" in torch.load.__code__.co_varnames else {}
    state = torch.load(path, map_location=map_location, **kwargs)
    match = re.search(r"step-(\d+)\.pt$", path)
    _used = int(match.group(1)) if match else 0
    return state


def resumed_from(launched: Optional[str]) -> tuple[Optional[int], list[str]]:
    """The step that the log goes on from, None where this is no resume; and what to say about it."""
    if not launched or not (os.environ.get("BASIN_RESUMED") or os.environ.get("BASIN_RESUME_FROM")):
        return None, []
    if _used is not None:
        return _used, []
    if os.environ.get("BASIN_RESUME_FROM"):
        return 0, ["starts anew: the script did not call basin.resume_state()"]
    return 0, ["starts anew: the script saved no state"]
