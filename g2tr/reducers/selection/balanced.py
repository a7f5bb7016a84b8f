"""Selection that leaves no anchor cell empty: the balanced rule of G²TR."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import Anchors, VisualTokens


@dataclass(frozen=True)
class Balanced:
    """argmax_S Σ_{i∈S} s_i subject to |S| = k and one token of every cell (of the k best cells, if k is fewer).

    The best token of each cell is a seed; the remaining places go to the highest scores overall.
    Equal scores: lower token index, equal seeds: lower cell. Source: method.md section 5.
    """

    requires: ClassVar[frozenset[type]] = frozenset({Anchors})

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        return seeds_first(scores, tokens.read(Anchors).cells, k)


def seeds_first(scores: Float[Tensor, " n"], cells: Int[Tensor, " n"], k: int) -> Int[Tensor, " k"]:
    """The best token of every cell, then the best of the rest: k in all."""
    order = scores.sort(descending=True, stable=True).indices
    seeds = best_of_cells(scores, order, cells)
    is_seed = torch.zeros_like(scores, dtype=torch.bool)
    is_seed[seeds] = True
    return torch.cat([seeds, order[~is_seed[order]]])[:k].sort().values


def best_of_cells(
    scores: Float[Tensor, " n"], order: Int[Tensor, " n"], cells: Int[Tensor, " n"]
) -> Int[Tensor, " cells"]:
    """The best token of every occupied cell, the best cell first; `order` lists tokens by falling score."""
    count = len(order)
    occupied, cell = cells[order].unique(return_inverse=True)
    ranks = torch.arange(count, device=order.device)
    first = ranks.new_full((len(occupied),), count).scatter_reduce(0, cell, ranks, "amin")
    best = order[first]
    return best[scores[best].sort(descending=True, stable=True).indices]
