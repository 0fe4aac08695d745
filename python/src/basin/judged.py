"""What the judge is told beside the factors."""

from __future__ import annotations

from typing import Any

from .ladder import LADDER
from .descent import Descent
from .problem import Setup


def factor_metadata(setup: Setup, own: Descent, step: int) -> dict[str, str]:
    """What the judge needs beside the factors; all of it text."""
    full = setup.batch_size is None or setup.batch_size >= setup.total
    said: dict[str, Any] = {
        "n": setup.total,
        "B": setup.total if full else setup.batch_size,
        "sampling": setup.sampling,
        "dropLast": setup.drop_last,
        "learningRate": own.learning_rate,
        "momentum": own.momentum,
        "nesterov": own.nesterov,
        "loss": getattr(setup.problem.loss, "__name__", type(setup.problem.loss).__name__),
        "step": step,
        "optimizer": own.kind,
        "weightDecay": own.weight_decay,
        "decoupledDecay": own.decoupled_decay,
        "gain": own.gain,
        "preconditioned": own.preconditioned,
        "ladder": LADDER[setup.rung],
        "approximate": setup.rung == 2,
    }
    if own.betas:
        said["beta1"] = own.betas[0]
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in said.items()}
