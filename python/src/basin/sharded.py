"""
Models whose parameters lie in pieces on several processes by `fully_shard` (FSDP2), gathered into a copy that is whole on each.

Gathering is a collective: every rank does it at the same place. A copy and its products take what the whole model takes.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import torch
from torch import nn


def is_sharded(model: nn.Module) -> bool:
    return any(_shards(module) for module in model.modules())


def _shards(module: nn.Module) -> bool:
    return any(c.__name__ == "FSDPModule" for c in type(module).__mro__)


def whole(t: torch.Tensor) -> torch.Tensor:
    """All of a tensor that may lie in pieces."""
    return t.full_tensor() if hasattr(t, "full_tensor") else t


def gathered(model: nn.Module, memo: dict[int, Any]) -> nn.Module:
    """A copy of the modules as they were before they were sharded, without what sharding hooked to them."""
    for p in model.parameters():
        memo[id(p)] = nn.Parameter(whole(p.detach()).clone(), p.requires_grad)
    sharded = [module for module in model.modules() if _shards(module)]
    for module in sharded:
        # [FSDP<Original>, FSDPModule, Original, …]; deepcopy of the first is refused.
        kind = type(module)
        original = kind.__mro__[getattr(kind, "_orig_cls_mro_index", 2)]
        memo[id(module)] = original.__new__(original)
    for module in sharded:
        own = {key: _without_hooks(key, value) for key, value in vars(module).items() if not key.startswith("__composable_api")}
        vars(memo[id(module)]).update(copy.deepcopy(own, memo))
    return copy.deepcopy(model, memo)


def _without_hooks(key: str, value: Any) -> Any:
    return OrderedDict() if "_hooks" in key and isinstance(value, dict) else value
