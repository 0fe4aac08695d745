"""What is asked of a model and its loss once, before they are measured: that the loss is a mean that repeats."""

from __future__ import annotations

import torch

from .curvature import Curvature, Problem
from .errors import BasinError
from .quiet import seed
from .trees import map_tree


def check_loss(problem: Problem, curvature: Curvature) -> None:
    """@raises BasinError unless the loss is a scalar mean over examples and gives the same value twice."""
    m = min(curvature.m, 8)
    batch = curvature.batch(slice(0, m))
    with torch.no_grad():
        seed(1)
        outputs, targets = curvature.outputs(batch)
        whole = problem.loss(outputs, targets)
        seed(2)
        again = problem.loss(*curvature.outputs(batch))
        if not isinstance(whole, torch.Tensor) or whole.numel() != 1:
            raise BasinError("basin: loss(outputs, targets) must return one number, the mean over the examples.")
        if outputs.dim() == 0 or outputs.shape[0] != m:
            raise BasinError(
                f"basin: the outputs' first axis must be the {m} examples of the batch; their shape is {list(outputs.shape)}."
            )
        a, b = float(whole), float(again)
        if a == a and abs(a - b) > 1e-6 * max(abs(a), 1e-12):
            raise BasinError(
                f"basin: the loss of the same examples came out as {a:.7g} and then {b:.7g}: the model draws random numbers "
                "(a functional dropout without training=self.training, noise, sampling). Products need a loss that repeats."
            )
        if m == 1 or a != a:
            return
        one_by_one = []
        for i in range(m):
            own = map_tree(lambda t: t[i : i + 1] if t.dim() and t.shape[0] == m else t, targets)
            one_by_one.append(float(problem.loss(outputs[i : i + 1], own)))
        mean = sum(one_by_one) / m
        if abs(a - mean) > 1e-4 * max(abs(mean), 1e-6):
            what = "their sum" if abs(a - mean * m) <= 1e-4 * abs(mean * m) else "something else"
            raise BasinError(
                f"basin: loss must be a mean over examples; for {m} of them it is {a:.6g}, their own losses have the mean "
                f"{mean:.6g}: it returns {what}. Use reduction='mean', and a mean within each example where it has positions to ignore."
            )
