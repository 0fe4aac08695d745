"""The trained parameters of a copied model, and vectors over them: flat, [d], in the model's order."""

from __future__ import annotations

import itertools
from typing import Optional, Sequence

import torch

from .twin import Twin


class Parameters:
    """Sets which of the copy's parameters are differentiated."""

    def __init__(self, twin: Twin, trained: Sequence[int]) -> None:
        self.twin = twin
        self.trained = list(trained)
        everything = list(twin.module.parameters())
        chosen = set(trained)
        for i, parameter in enumerate(everything):
            parameter.requires_grad_(i in chosen)
        self.parameters = [everything[i] for i in trained]
        names = {id(p): name for name, p in twin.module.named_parameters()}
        self.names = ["model." + names[id(p)] for p in self.parameters]
        sizes = [p.numel() for p in self.parameters]
        self.size = sum(sizes)
        self.places = [slice(end - size, end) for size, end in zip(sizes, itertools.accumulate(sizes))]
        """Of each parameter in a flat vector."""
        self.device = self.parameters[0].device
        self.dtype = twin.dtype
        self.fixed = self._untrained()
        """Places in a flat vector of what training never moves, None for none."""

    def flat(self, tensors: Sequence[Optional[torch.Tensor]]) -> torch.Tensor:
        joined = torch.cat(
            [
                (torch.zeros_like(p) if t is None else t.detach()).reshape(-1).to(self.dtype)
                for t, p in zip(tensors, self.parameters)
            ]
        )
        return self.moving(joined)

    def add(self, out: torch.Tensor, tensors: Sequence[Optional[torch.Tensor]], weight: float) -> None:
        """out [d] += weight · the tensors, without a flat copy of them."""
        for t, place in zip(tensors, self.places):
            if t is not None:
                out[place].add_(t.detach().reshape(-1).to(out.dtype), alpha=weight)
        if self.fixed is not None:
            out[self.fixed] = 0

    def shaped(self, v: torch.Tensor) -> list[torch.Tensor]:
        whole = self.moving(v.to(self.dtype))
        return [whole[place].view_as(p) for place, p in zip(self.places, self.parameters)]

    def moving(self, v: torch.Tensor) -> torch.Tensor:
        """v [… , d] without its part along what training never moves."""
        return v if self.fixed is None else v.index_fill(-1, self.fixed, 0)

    def layers(self) -> list[tuple[str, slice]]:
        """Neighbouring parameters of one module, with their place in a flat vector."""
        found: list[tuple[str, slice]] = []
        for name, place in zip(self.names, self.places):
            module = name[len("model.") :].rpartition(".")[0] or name[len("model.") :]
            begin = found.pop()[1].start if found and found[-1][0] == module else place.start
            found.append((module, slice(begin, place.stop)))
        return found

    def random(self, generator: torch.Generator, signs: bool = False) -> torch.Tensor:
        v = torch.randn(self.size, generator=generator)
        return self.moving((v.sign() if signs else v).to(self.device, self.dtype))

    def move(self, v: torch.Tensor, amount: float) -> None:
        """θ ← θ + amount · v."""
        with torch.no_grad():
            for p, step in zip(self.parameters, self.shaped(v)):
                p.add_(step, alpha=amount)

    def _untrained(self) -> Optional[torch.Tensor]:
        own = dict(zip(self.trained, zip(self.parameters, self.places)))
        rows = [
            torch.arange(p[0].numel(), device=self.device) + place.start + row % len(p) * p[0].numel()
            for i, row in self.twin.untrained_rows
            if i in own
            for p, place in [own[i]]
        ]
        return torch.cat(rows) if rows else None
