"""Selection in proportion to the score, evenly over the image: systematic sampling along a space-filling curve."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.selection.maxmin import unit_range
from g2tr.reducers.tokens import Grid, VisualTokens


@dataclass(frozen=True)
class Systematic:
    """π_i = min(1, c·w_i) with Σ π_i = k; walking along a Hilbert curve, a token stays where Σ π passes t + ½.

    w = score^power, scores brought to [0, 1]. Salient places are kept whole, flat ones thinned evenly, and every
    region keeps its share of Σ π: a large power is top-k, power 0 an even sample. Source: spatially balanced sampling
    (GRTS, Stevens & Olsen 2004) without its randomisation; not used for tokens before, as far as is known.
    """

    power: float = 1.0
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        walk = hilbert(tokens.places, tokens.grid).argsort()
        weights = unit_range(scores).double() ** self.power + 1e-6
        passed = (inclusion(weights, k)[walk].cumsum(0) + 0.5).floor()
        return walk[passed.diff(prepend=passed.new_zeros(1)) > 0].sort().values


def inclusion(weights: Float[Tensor, " n"], k: int) -> Float[Tensor, " n"]:
    """min(1, c·w) with sum k: the heaviest are certain, the others share what is left in proportion."""
    falling, order = weights.sort(descending=True, stable=True)
    left = k - torch.arange(len(weights), device=weights.device)
    tails = falling.flip(0).cumsum(0).flip(0)
    certain = int((falling * left >= tails * (1 - 1e-9)).long().cumprod(0).sum())
    chances = torch.ones_like(weights)
    if certain < len(weights):
        chances[order[certain:]] = falling[certain:] * left[certain] / tails[certain]
    return chances


def hilbert(places: Int[Tensor, " n"], grid: Grid) -> Int[Tensor, " n"]:
    """Position of each place on the Hilbert curve of the smallest square of side 2^b that holds the grid."""
    side = 1 << (max(grid) - 1).bit_length()
    y, x = places // grid[1], places % grid[1]
    position, half = torch.zeros_like(places), side // 2
    while half:
        right, low = (x & half > 0).long(), (y & half > 0).long()
        position += half * half * ((3 * right) ^ low)
        x, y = torch.where(right > low, side - 1 - x, x), torch.where(right > low, side - 1 - y, y)
        x, y = torch.where(low > 0, x, y), torch.where(low > 0, y, x)
        half //= 2
    return position
