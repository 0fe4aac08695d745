"""The examples that are measured: drawn once at the start, without a trace in the script's loader or random states."""

from __future__ import annotations

import ctypes
import sys
import zlib
from dataclasses import dataclass
from typing import Any, Optional

import torch
from torch.utils.data import DataLoader, IterableDataset

from .errors import BasinError
from .quiet import random_states, seed as seed_all
from .trees import concatenate, leaves, map_tree


@dataclass(frozen=True)
class Held:
    """Examples kept for measuring, and what is known of the set and the loader they come from."""

    tree: Any
    """Tensors [m, …] on the CPU, nested as the loader's batches are."""
    m: int
    total: Optional[int]
    """n: how many the whole set has."""
    batch_size: Optional[int] = None
    drop_last: Optional[bool] = None
    sampling: Optional[str] = None

    def take(self, index: Any, device: Any) -> Any:
        """The examples of a slice or an index tensor, on a device."""
        return map_tree(lambda t: t[index].to(device), self.tree)

    def mark(self) -> tuple[Any, ...]:
        """By which unlike examples are told apart."""
        sums = []
        for t in leaves(self.tree):
            flat = t.contiguous()
            size = flat.numel() * flat.element_size()
            sums.append((tuple(t.shape), t.dtype, zlib.crc32((ctypes.c_char * size).from_address(flat.data_ptr())) if size else 0))
        return (self.m, self.total, self.batch_size, self.drop_last, self.sampling, sums)


def hold(source: Any, examples: Optional[int] = None, seed: int = 0) -> Held:
    """
    Draws the examples that are measured.

    source    a DataLoader, a dataset, or tensors (or arrays) with the examples along their first axis, as a tuple or a dictionary.
    examples  how many, drawn at random without replacement; all where it is left out or more than there are.
    seed      of that draw, from a generator of its own.

    A map-style dataset is indexed directly: the loader's sampler, workers and generator stay untouched. Augmentation draws from
    random states that are put back.
    """
    if isinstance(source, Held):
        return source
    if examples is not None and examples < 1:
        raise BasinError(f"basin.hold: examples must be 1 or more, not {examples}.")
    with torch.inference_mode(False), random_states():
        seed_all(seed)
        if isinstance(source, DataLoader):
            return _from_loader(source, examples, seed)
        if _is_batch(source):
            return _from_tensors(source, examples, seed)
        if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
            return _from_dataset(source, examples, seed, None)
    raise BasinError(
        f"basin.hold takes a DataLoader, a dataset with a length, or a tuple or dictionary of tensors, not {type(source).__name__}."
    )


def _is_array(one: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return isinstance(one, torch.Tensor) or (numpy is not None and isinstance(one, numpy.ndarray))


def _is_batch(source: Any) -> bool:
    values = source.values() if isinstance(source, dict) else source if isinstance(source, (tuple, list)) else ()
    return len(values) > 0 and all(_is_array(one) for one in values)


def _chosen(total: int, examples: Optional[int], seed: int) -> list[int]:
    if examples is None or examples >= total:
        return list(range(total))
    generator = torch.Generator().manual_seed(seed)
    return torch.randperm(total, generator=generator)[:examples].sort().values.tolist()


def _checked(tree: Any, **facts: Any) -> Held:
    tensors = leaves(tree)
    sizes = {t.shape[0] if t.dim() else None for t in tensors}
    if len(tensors) == 0 or len(sizes) != 1 or None in sizes or 0 in sizes:
        raise BasinError(
            f"basin.hold: every tensor of a batch needs the same number of examples along its first axis; found {sorted(map(str, sizes))}."
        )
    return Held(map_tree(lambda t: t.detach().cpu(), tree), tensors[0].shape[0], **facts)


def _from_tensors(source: Any, examples: Optional[int], seed: int) -> Held:
    tensors = (
        {key: torch.as_tensor(value) for key, value in source.items()}
        if isinstance(source, dict)
        else tuple(torch.as_tensor(value) for value in source)
    )
    whole = _checked(tensors, total=None)
    index = torch.tensor(_chosen(whole.m, examples, seed))
    return _checked(map_tree(lambda t: t[index], whole.tree), total=whole.m)


def _from_dataset(dataset: Any, examples: Optional[int], seed: int, loader: Any, **facts: Any) -> Held:
    from torch.utils.data._utils.collate import default_collate

    collate = loader.collate_fn if loader is not None else default_collate
    items = [dataset[i] for i in _chosen(len(dataset), examples, seed)]
    # In one go, so that a collate function that pads does it for all alike.
    return _checked(collate(items), total=len(dataset), **facts)


def _from_loader(loader: Any, examples: Optional[int], seed: int) -> Held:
    size = loader.batch_size
    if size is None and loader.batch_sampler is not None:
        size = getattr(loader.batch_sampler, "batch_size", None)
    drop = getattr(loader.batch_sampler, "drop_last", loader.drop_last)
    facts = {"batch_size": size, "drop_last": drop, "sampling": _sampling(loader)}
    if not isinstance(loader.dataset, IterableDataset) and hasattr(loader.dataset, "__len__"):
        if loader.collate_fn is not None and loader.batch_sampler is not None:
            return _from_dataset(loader.dataset, examples, seed, loader, **facts)
    return _from_stream(loader, examples, **facts)


def _sampling(loader: Any) -> Optional[str]:
    sampler = getattr(loader, "sampler", None)
    if getattr(sampler, "replacement", False):
        return "independent"
    known = ("RandomSampler", "SequentialSampler", "DistributedSampler", "SubsetRandomSampler")
    return "epochs" if type(sampler).__name__ in known else None


def _from_stream(loader: Any, examples: Optional[int], **facts: Any) -> Held:
    """The first batches of a stream. @raises BasinError where reading it would take examples away from training."""
    if iter(loader.dataset) is loader.dataset:
        raise BasinError(
            "basin.hold: this loader's dataset is an iterator, and reading it would take examples away from training. "
            "Give a tuple of tensors, or a loader of its own."
        )
    if examples is None:
        raise BasinError("basin.hold: a stream has no length; say how many examples to hold (examples=…).")
    state = None if loader.generator is None else loader.generator.get_state()
    batches: list[Any] = []
    count = 0
    for batch in loader:
        batches.append(batch)
        count += leaves(batch)[0].shape[0]
        if count >= examples:
            break
    if state is not None:
        loader.generator.set_state(state)
    if not batches:
        raise BasinError("basin.hold: the loader gave no batch.")
    joined = map_tree(lambda t: t[:examples], concatenate(batches))
    return _checked(joined, total=None, **facts)
