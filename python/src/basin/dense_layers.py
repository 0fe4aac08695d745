"""
The part of dense layers in the Gram matrix GᵀG of the factors, without their rows.

In z = W a + b a factor's row is δ aᵀ by W and δ by b, with δ the factor's column pulled back to z: two rows have the inner product
(δᵀδ′)(aᵀa′ + 1). With all examples at once a back-propagation a column of S_i gives every δ. Nothing of size d is made.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any, Iterator, Sequence

import torch
from torch import nn

from .curvature import Curvature
from .errors import NotApplicable
from .reading import Deadline
from .rows import TIME

# float32 sums in another order.
_SAME = 1e-4


@dataclass(frozen=True)
class DenseLayer:
    name: str
    """Of the module in the copied model."""
    weight: bool
    bias: bool
    """Whether they are trained."""
    inputs: int
    outputs: int

    def names(self) -> list[str]:
        """Of its trained parameters, as `Curvature.names` has them."""
        return [f"model.{self.name}.{own}" for own in ("weight", "bias") if getattr(self, own)]


def dense_layers(c: Curvature) -> list[DenseLayer]:
    """
    The dense layers whose rows are such products: of one row of inputs an example, applied once, their parameters used nowhere else. Whether
    it is so is seen by one example's gradient.
    """
    if c.problem.tied or c.fixed is not None:
        return []
    names = set(c.names)
    layers = []
    for name, module in c.twin.module.named_modules():
        # A subclass may do anything with its weight.
        if name and type(module) is nn.Linear:
            own = [part for part in ("weight", "bias") if f"model.{name}.{part}" in names]
            if own:
                layers.append(DenseLayer(name, "weight" in own, "bias" in own, module.in_features, module.out_features))
    if not layers:
        return []
    few = c.batch(slice(0, min(2, c.m)))
    with _signals(c, layers) as calls:
        outputs, _ = c.outputs(few)
    layers = [own for own in layers if _applied_once(calls[own.name], len(outputs))]
    u = torch.zeros_like(outputs)
    u[0] = torch.randn(outputs[0].shape, generator=torch.Generator().manual_seed(5)).to(outputs)
    return [own for own in layers if _is_product(c, own, calls[own.name][0], outputs, u)]


def _applied_once(calls: Sequence[tuple[torch.Tensor, torch.Tensor]], examples: int) -> bool:
    return len(calls) == 1 and calls[0][0].dim() == 2 and len(calls[0][0]) == examples and calls[0][1].requires_grad


def _is_product(
    c: Curvature, layer: DenseLayer, call: tuple[torch.Tensor, torch.Tensor], outputs: torch.Tensor, u: torch.Tensor
) -> bool:
    a, z = call
    parameters = [p for name, p in zip(c.names, c.parameters) if name in layer.names()]
    delta, *found = torch.autograd.grad(outputs, [z, *parameters], u, retain_graph=True, allow_unused=True)
    if delta is None or any(one is None for one in found):
        return False
    wanted = {"weight": torch.outer(delta[0], a[0]), "bias": delta[0]}
    pairs = zip((wanted[own] for own in wanted if getattr(layer, own)), found)
    return all(float((w - f).norm()) <= _SAME * float(f.norm()) for w, f in pairs)


@contextlib.contextmanager
def _signals(c: Curvature, layers: Sequence[DenseLayer]) -> Iterator[dict[str, list[tuple[torch.Tensor, torch.Tensor]]]]:
    """Inputs and outputs of the layers at every call inside."""
    calls: dict[str, list[tuple[torch.Tensor, torch.Tensor]]] = {layer.name: [] for layer in layers}
    modules = dict(c.twin.module.named_modules())

    def watch(name: str) -> Any:
        def hook(_module: nn.Module, given: tuple[torch.Tensor, ...], z: torch.Tensor) -> torch.Tensor:
            calls[name].append((given[0].detach(), z))
            # What follows may change its input in place.
            return z.clone()

        return modules[name].register_forward_hook(hook)

    handles = [watch(name) for name in calls]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _collected(c: Curvature, S: torch.Tensor, layers: Sequence[DenseLayer], seconds: float) -> torch.Tensor:
    """Of this rank's share a and every δ of every layer, [m, Σ inputs + K · outputs]; the others' are 0."""
    over, K = Deadline(seconds).over, S.shape[2]
    out = torch.zeros(c.m, signals_size(layers, K), dtype=c.dtype, device=c.device)
    for piece in c.pieces():
        if over():
            raise NotApplicable(TIME)
        with _signals(c, layers) as calls:
            outputs, _ = c.outputs(c.batch(piece))
        own = [calls[layer.name][0] for layer in layers]
        deltas = [
            torch.autograd.grad(outputs, [z for _, z in own], S[piece, k].reshape(outputs.shape), retain_graph=True)
            for k in range(K)
        ]
        parts = []
        for place, (a, _) in enumerate(own):
            parts += [a, *(delta[place] for delta in deltas)]
        out[piece] = torch.cat(parts, 1)
    return out


def signals_size(layers: Sequence[DenseLayer], K: int) -> int:
    """Numbers an example."""
    return sum(layer.inputs + K * layer.outputs for layer in layers)


def dense_gram(c: Curvature, S: torch.Tensor, layers: Sequence[DenseLayer], seconds: float) -> torch.Tensor:
    """
    The layers' part of GᵀG, [m K, m K] float64.

    S  the columns of every S_i, [m, K, K].

    Costs K back-propagations of all examples and (m K)² Σ (outputs + inputs / K²) multiplications.
    @raises NotApplicable when the time is up.
    """
    m, K = S.shape[:2]
    signals = c.summed(_collected, (m, signals_size(layers, K)), c.dtype, S, list(layers), seconds)
    gram = torch.zeros(m, K, m, K, dtype=torch.float64, device=signals.device)
    at = 0
    for layer in layers:
        a = signals[:, at : at + layer.inputs].double()
        at += layer.inputs
        delta = signals[:, at : at + K * layer.outputs].reshape(m * K, layer.outputs).double()
        at += K * layer.outputs
        alike = a @ a.t() * float(layer.weight) + float(layer.bias)
        gram += (delta @ delta.t()).view(m, K, m, K) * alike.view(m, 1, m, 1)
    return gram.view(m * K, m * K)
