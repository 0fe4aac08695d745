"""A copy of the model to measure on: the script's own is only ever read."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from typing import Any, Optional

import torch
from torch import nn

from .errors import BasinError
from .sharded import gathered, is_sharded, whole

_SHARDED = ("FullyShardedDataParallel", "DeepSpeedEngine")
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
# Hooks that make a layer's weight from its parameters: without them it is another layer.
_REPARAMETERIZE = ("WeightNorm", "SpectralNorm", "BasePruningMethod")


def unwrap(model: nn.Module) -> nn.Module:
    """The module inside `torch.compile`, DistributedDataParallel and DataParallel. @raises BasinError for sharded models."""
    while True:
        names = {c.__name__ for c in type(model).__mro__}
        sharded = names.intersection(_SHARDED)
        if sharded:
            raise BasinError(
                f"basin cannot measure a {sorted(sharded)[0]}: its parameters lie in pieces on several processes. "
                "Shard it with fully_shard (FSDP2), or measure a checkpoint gathered into one process with basin.measure."
            )
        if "OptimizedModule" in names:
            model = model._orig_mod  # type: ignore[assignment]
        elif names & {"DistributedDataParallel", "DataParallel"}:
            model = model.module  # type: ignore[assignment]
        else:
            break
    if is_sharded(model):
        return model
    for name, parameter in model.named_parameters():
        kind = type(parameter).__name__
        data = type(parameter.data).__name__
        if "DTensor" in (kind, data) or "FlatParameter" in (kind, data) or hasattr(parameter, "ds_id"):
            raise BasinError(
                f"basin cannot measure the parameter {name}: it is sharded ({kind}). "
                "Measure a checkpoint gathered into one process with basin.measure."
            )
    return model


class Twin:
    """
    A copy of `model` in float32 (float64 where the model is), without the script's hooks, dropout off.

    batch_norm  "batch": statistics of each piece of the held examples, as training; "running": the buffers, as evaluation.
    """

    def __init__(self, model: nn.Module, batch_norm: str) -> None:
        self.original = unwrap(model)
        self.sharded = is_sharded(self.original)
        """Whether a refresh is a collective."""
        self.notes: list[str] = []
        if self.sharded:
            self.notes.append("every rank gathers the sharded model into a whole copy while measuring")
        self.untrained_rows: list[tuple[int, int]] = []
        """Rows of parameters (by place) that training never moves: of an embedding at its padding index."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                make = gathered if self.sharded else copy.deepcopy
                self.module = make(self.original, computed(self.original))
        except Exception as error:  # Whatever a module's own state refuses to be copied with.
            raise BasinError(
                f"basin measures on a copy of the model, and {type(self.original).__name__} cannot be copied "
                f"(copy.deepcopy: {error}). Keep what is no parameter or buffer out of the module."
            ) from error
        own = list(self.original.parameters())
        self.dtype = torch.float64 if any(p.dtype == torch.float64 for p in own) else torch.float32
        self.module.to(self.dtype)
        self.has_batch_norm = False
        self._prepare(batch_norm)
        self.refresh()

    def _prepare(self, batch_norm: str) -> None:
        module = self.module
        module.eval()
        dropouts = hooked = rnn = 0
        for one in module.modules():
            if getattr(one, "_compiled_call_impl", None) is not None:
                one._compiled_call_impl = None  # type: ignore[assignment]
            hooked += _strip(one)
            name = type(one).__name__
            dropouts += isinstance(one, nn.modules.dropout._DropoutNd) and one.p > 0
            dropouts += isinstance(one, nn.MultiheadAttention) and one.dropout > 0
            rnn += isinstance(one, nn.RNNBase)
            if isinstance(one, (nn.Embedding, nn.EmbeddingBag)):
                one.sparse = False  # A sparse gradient has no second derivative.
            if isinstance(one, nn.Embedding) and one.padding_idx is not None and _holders(module, one.weight) == 1:
                # A gradient that leaves out a row of what the loss depends on has no symmetric derivative: the row is held fixed.
                place = next(i for i, p in enumerate(module.parameters()) if p is one.weight)
                self.untrained_rows.append((place, one.padding_idx))
                one.padding_idx = None
            if isinstance(one, nn.modules.batchnorm._BatchNorm) or name == "SyncBatchNorm":
                self.has_batch_norm = True
                if batch_norm == "batch":
                    # In training mode, and with nothing tracked: the batch's statistics, and no buffer is touched.
                    one.training = True
                    one.track_running_stats = False
        if dropouts:
            self.notes.append(f"dropout is off while measuring ({dropouts} layers)")
        if self.has_batch_norm:
            what = (
                "each piece's own statistics, as training does"
                if batch_norm == "batch"
                else "its running statistics, as evaluation does"
            )
            self.notes.append(f"batch normalization uses {what}, while measuring")
        if hooked:
            self.notes.append(f"{hooked} hooks of the script are not called while measuring")
        self.has_rnn = rnn > 0

    def refresh(self) -> None:
        """θ and the buffers as the script's model has them now."""
        with torch.no_grad():
            for pairs in (
                zip(self.module.parameters(), self.original.parameters()),
                zip(self.module.buffers(), self.original.buffers()),
            ):
                for mine, theirs in pairs:
                    mine.copy_(whole(theirs.detach()))
        for mine in self.module.parameters():
            mine.grad = None

    def trained(self, only: Optional[set[int]]) -> list[int]:
        """Places in `parameters()` of what is trained; `only` by identity of the script's parameters."""
        chosen = [
            i
            for i, p in enumerate(self.original.parameters())
            if p.requires_grad and p.is_floating_point() and (only is None or id(p) in only)
        ]
        if not chosen:
            raise BasinError(
                "basin: none of the model's parameters is trained by this optimizer. Give the model whose parameters the optimizer has."
            )
        return chosen


def _holders(model: nn.Module, parameter: torch.Tensor) -> int:
    """How many modules share a parameter."""
    return sum(own is parameter for module in model.modules() for own in module._parameters.values())


def computed(model: nn.Module) -> dict[int, Any]:
    """What modules keep that was computed (the weight of a normalized layer): deepcopy refuses it, and the copy makes its own."""
    return {
        id(value): value.detach().clone()
        for module in model.modules()
        for value in vars(module).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }


def _strip(module: nn.Module) -> int:
    """Takes hooks away, but for those that make a weight. Returns how many went."""
    gone = 0
    for attribute in _HOOKS:
        hooks: Optional[dict[int, Any]] = getattr(module, attribute, None)
        if not hooks:
            continue
        kept = {
            key: hook
            for key, hook in hooks.items()
            if any(c.__name__ in _REPARAMETERIZE for c in type(hook).__mro__)
        }
        gone += len(hooks) - len(kept)
        if len(kept) < len(hooks):
            setattr(module, attribute, OrderedDict(kept))
    return gone
