"""Batches as nested tuples, lists and dictionaries of tensors with the examples along the first axis."""

from __future__ import annotations

from typing import Any, Callable

import torch


def map_tree(f: Callable[[torch.Tensor], Any], tree: Any) -> Any:
    """`f` of every tensor; what is no tensor stays."""
    if isinstance(tree, torch.Tensor):
        return f(tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_tree(f, one) for one in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)(map_tree(f, one) for one in tree)
    if isinstance(tree, dict) or (hasattr(tree, "keys") and hasattr(tree, "__getitem__")):
        return {key: map_tree(f, tree[key]) for key in tree.keys()}
    return tree


def leaves(tree: Any) -> list[torch.Tensor]:
    found: list[torch.Tensor] = []
    map_tree(found.append, tree)
    return found


def concatenate(trees: list[Any]) -> Any:
    """Trees of one shape, joined along the examples."""
    if len(trees) == 1:
        return trees[0]
    columns = [leaves(tree) for tree in trees]
    joined = iter([torch.cat(column) for column in zip(*columns)])
    return map_tree(lambda _: next(joined), trees[0])
