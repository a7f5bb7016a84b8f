"""Tokens at positions that rotary embedding favours first, then seeds, then the best: the selection of IVC-Prune."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.importance.value_similarity import seeds_of
from g2tr.tokens import QueryValues, VisualTokens


@dataclass(frozen=True)
class Ivc:
    """Implicit visual coordinates: the `share` of tokens with the highest mean cosine, and with the highest mean sine,
    of their rotary angles p·θ^(-2i/e); then the seeds of the value similarity; then the highest scores.

    Where a model gives all tokens of an image one position, as BAGEL does, p is the place in raster order instead.
    Source: IVC-Prune (baselines.md section 3.5, steps 3 and 4).
    """

    share: float = 0.1
    seeds: float = 0.01
    theta: float = 1e6
    head_dim: int = 128
    reads: ClassVar[frozenset[type]] = frozenset({QueryValues})

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        order = scores.sort(descending=True, stable=True).indices
        first = torch.cat([*self.coordinates(tokens.places), seeds_of(tokens.read(QueryValues), self.seeds)])
        rank = torch.arange(len(order), device=order.device)
        priority = torch.empty_like(rank)
        priority[order] = rank + len(first)
        priority.scatter_reduce_(0, first, rank.new_tensor(range(len(first))), "amin")
        return priority.sort(stable=True).indices[:k].sort().values

    def coordinates(self, places: Int[Tensor, " n"]) -> tuple[Int[Tensor, " c"], Int[Tensor, " c"]]:
        """The tokens of highest mean cosine and of highest mean sine, the best first."""
        rates = self.theta ** (-torch.arange(0, self.head_dim, 2, device=places.device) / self.head_dim)
        angles = places[:, None] * rates
        count = round(self.share * len(places))
        cosine, sine = (f(angles).mean(1).sort(descending=True, stable=True) for f in (torch.cos, torch.sin))
        return cosine.indices[:count], sine.indices[:count]
