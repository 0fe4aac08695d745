"""What an optimizer does near a minimum: its linear dynamics, and the preconditioner P of what it holds now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Optional

import torch

from .sharded import whole


@dataclass(frozen=True)
class Descent:
    """
    θ ← (1 − ηw)θ + v, v ← βv − γη P⁻¹(H + cI)θ, with η the largest rate of the groups.

    P, [d] or None where it is 1, holds each group's own rate as η/η_group besides what the optimizer divides by. `decay` is c, a
    number or [d] where the groups differ.
    """

    kind: str
    learning_rate: float
    known: bool = True
    """Whether its linear form is known; no limit is drawn else."""
    momentum: float = 0.0
    nesterov: bool = False
    gain: float = 1.0
    weight_decay: float = 0.0
    decoupled_decay: float = 0.0
    preconditioned: bool = False
    betas: Optional[tuple[float, float]] = None
    epsilon: Optional[float] = None
    notes: tuple[str, ...] = field(default=())

    def dynamics(self) -> Optional[dict[str, Any]]:
        """As the log's header tells it."""
        if not self.known:
            return None
        return {
            "preconditioned": self.preconditioned,
            "momentum": self.momentum,
            "nesterov": self.nesterov,
            "gain": self.gain,
            "weightDecay": self.weight_decay,
            "decoupledDecay": self.decoupled_decay,
        }

    def settings(self) -> dict[str, Any]:
        """As an experiment's `optimizer` names it."""
        own: dict[str, Any] = {"kind": self.kind, "learningRate": self.learning_rate}
        if self.kind in ("adam", "adamw") and self.betas:
            own.update(beta1=self.betas[0], beta2=self.betas[1], epsilon=self.epsilon)
        elif self.known:
            own["momentum"] = self.momentum
        if self.kind == "sgd":
            own["nesterov"] = self.nesterov
        if self.known:
            own["weightDecay"] = self.decoupled_decay or self.weight_decay
        return own


def trained_ids(optimizer: Any) -> Optional[set[int]]:
    """Identities of the parameters that the optimizer moves: a group at rate 0 is frozen, unless all are (a warm-up that begins there)."""
    if optimizer is None:
        return None
    moved = [group for group in optimizer.param_groups if _rate(group) != 0] or optimizer.param_groups
    return {id(p) for group in moved for p in group["params"]}


def _rate(group: dict[str, Any]) -> float:
    return float(group.get("lr", 0.0))


def inner(optimizer: Any) -> Any:
    """The optimizer inside a wrapper, which may call itself one (accelerate's)."""
    while hasattr(getattr(optimizer, "optimizer", None), "param_groups"):
        optimizer = optimizer.optimizer
    return optimizer


def describe(optimizer: Any) -> Descent:
    """The linear dynamics of an optimizer of torch.optim; of any other, only its name and rate."""
    names = [c.__name__ for c in type(optimizer).__mro__]
    groups = [g for g in optimizer.param_groups if _rate(g) != 0 and g["params"]] or optimizer.param_groups
    rate = max(_rate(g) for g in groups)
    kind = next((k for k in ("AdamW", "Adam", "RMSprop", "SGD") if k in names), None)
    if kind is None:
        return Descent(type(optimizer).__name__.lower(), rate, known=False)
    first = groups[0]
    uneven = any(_rate(g) != rate for g in groups)
    notes = ["its groups have different rates: judged at the largest, the others as a preconditioner"] if uneven else []
    keys = {"SGD": ("momentum", "dampening", "nesterov"), "RMSprop": ("momentum", "centered"), "Adam": ("betas",)}
    for key in keys.get(kind, ("betas",)):
        if any(g[key] != first[key] for g in groups):
            return Descent(kind.lower(), rate, known=False, notes=(f"its groups differ in {key}: no limit is known",))
    if any(g.get("maximize") for g in groups):
        return Descent(kind.lower(), rate, known=False, notes=("it maximizes: no limit is known",))
    decays = [float(g.get("weight_decay", 0.0)) for g in groups]
    uneven = uneven or len(set(decays)) > 1
    decay = max(decays)
    if kind == "SGD":
        return Descent(
            "sgd",
            rate,
            momentum=float(first["momentum"]),
            nesterov=bool(first["nesterov"]),
            gain=1.0 - float(first["dampening"]) if first["momentum"] else 1.0,
            weight_decay=decay,
            preconditioned=uneven,
            notes=tuple(notes),
        )
    if kind == "RMSprop":
        if first["centered"]:
            return Descent("rmsprop", rate, known=False, notes=("centered RMSprop: no limit is known",))
        return Descent(
            "rmsprop",
            rate,
            momentum=float(first["momentum"]),
            weight_decay=decay,
            preconditioned=True,
            epsilon=float(first["eps"]),
            notes=tuple(notes),
        )
    beta1, beta2 = (float(b) for b in first["betas"])
    apart = kind == "AdamW" or bool(first.get("decoupled_weight_decay", False))
    return Descent(
        kind.lower(),
        rate,
        momentum=beta1,
        gain=1.0 - beta1,
        weight_decay=0.0 if apart else decay,
        decoupled_decay=decay if apart else 0.0,
        preconditioned=True,
        betas=(beta1, beta2),
        epsilon=float(first["eps"]),
        notes=tuple(notes),
    )


def preconditioner(
    optimizer: Any, descent: Descent, parameters: list[torch.Tensor]
) -> tuple[Optional[torch.Tensor], torch.Tensor]:
    """
    P [d] at this step, None where the optimizer has taken none yet or needs none, and the weight decay in the gradient, c [d].

    RMSProp: √v + ε. Adam: √(v/(1 − β₂ᵗ)) + ε. (Cohen et al. 2022, §2.)
    """
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    scales: list[torch.Tensor] = []
    decays: list[torch.Tensor] = []
    ready = True
    for p in parameters:
        group = groups[id(p)]
        coupled = 0.0 if descent.decoupled_decay else float(group.get("weight_decay", 0.0))
        decays.append(torch.full((p.numel(),), coupled, dtype=torch.float32, device=p.device))
        own = _divisor(optimizer.state.get(p, {}), group, p)
        if own is None:
            ready = ready and descent.betas is None and descent.kind != "rmsprop"
            own = torch.ones(p.numel(), dtype=torch.float32, device=p.device)
        scales.append(own * _ratio(descent.learning_rate, _rate(group)))
    decay = torch.cat(decays)
    if not descent.preconditioned:
        return None, decay
    return (torch.cat(scales) if ready else None), decay


def _ratio(largest: float, own: float) -> float:
    """η/η_group; a group that stands still is infinitely stiff."""
    return 1.0 if own == largest else largest / own if own else float("inf")


def _divisor(state: dict[str, Any], group: dict[str, Any], p: torch.Tensor) -> Optional[torch.Tensor]:
    epsilon = float(group.get("eps", 0.0))
    if "square_avg" in state:
        return whole(state["square_avg"].detach()).reshape(-1).float().sqrt() + epsilon
    moment = state.get("max_exp_avg_sq", state.get("exp_avg_sq"))
    if moment is None or float(state.get("step", 0)) == 0:
        return None
    beta2 = float(group["betas"][1])
    v = whole(moment.detach()).reshape(-1).float() / (1 - beta2 ** float(state["step"]))
    return v.sqrt() + epsilon
