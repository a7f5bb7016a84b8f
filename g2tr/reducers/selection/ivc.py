"""Tokens at positions that rotary embedding favours first, then seeds, then the best: the selection of IVC-Prune."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.importance.value_similarity import seeds_of
from g2tr.reducers.sinusoids import angles
from g2tr.reducers.tokens import QueryValues, Rotary, VisualTokens


@dataclass(frozen=True)
class Ivc:
    """Implicit visual coordinates: the `share` of tokens with the highest mean cosine, and with the highest mean sine,
    of their rotary angles p·θ^(-2i/e); then the seeds of the value similarity; then the highest scores.

    Where a model gives all tokens of an image one position, as BAGEL does, p is the place in raster order instead,
    turned by `theta` over a `head_dim` of our own; otherwise position, θ and width e are those of the model.
    Source: IVC-Prune (baselines.md section 3.5, steps 3 and 4).
    """

    share: float = 0.1
    seeds: float = 0.01
    theta: float = 1e6
    head_dim: int = 128
    requires: ClassVar[frozenset[type]] = frozenset({QueryValues, Rotary})

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        order = scores.sort(descending=True, stable=True).indices
        first = torch.cat([*self.coordinates(self.rotary(tokens)), seeds_of(tokens.read(QueryValues), self.seeds)])
        rank = torch.arange(len(order), device=order.device)
        priority = torch.empty_like(rank)
        priority[order] = rank + len(first)
        priority.scatter_reduce_(0, first, rank.new_tensor(range(len(first))), "amin")
        return priority.sort(stable=True).indices[:k].sort().values

    def rotary(self, tokens: VisualTokens) -> Rotary:
        """Positions that tell the tokens apart."""
        real = tokens.read(Rotary)
        apart = bool((real.positions != real.positions[0]).any())
        return real if apart else Rotary(tokens.places, self.theta, self.head_dim)

    def coordinates(self, rotary: Rotary) -> tuple[Int[Tensor, " c"], Int[Tensor, " c"]]:
        """The tokens of highest mean cosine and of highest mean sine, the best first."""
        positions, width = rotary.positions, rotary.width
        turned = angles(positions, width // 2, rotary.theta)
        count = round(self.share * len(positions))
        cosine, sine = (f(turned).mean(1).sort(descending=True, stable=True) for f in (torch.cos, torch.sin))
        return cosine.indices[:count], sine.indices[:count]
