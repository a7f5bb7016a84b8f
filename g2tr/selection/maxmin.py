"""Selection of tokens far apart from each other: max-min diversity, the selection of DivPrune."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.tokens import VisualTokens


@dataclass(frozen=True)
class MaxMin:
    """Next is argmax_i w_i · min_{j kept} (1 - cos(v_i, v_j)); the first is farthest from its nearest other token.

    w = score^exponent, scores brought to [0, 1]; at exponent 0, the default, scores do not count: DivPrune. The
    distance to the kept tokens is a running minimum, so a pick costs one product of n x d. It is also the greedy
    2-approximation of k-center (Gonzalez 1985). Source: DivPrune, CVPR 2025 (baselines.md section 4.4).
    """

    exponent: float = 0.0
    chunk: int = 512
    reads: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        directions = F.normalize(tokens.features.float(), dim=-1)
        weights = unit_range(scores) ** self.exponent
        start = (weights * isolation(directions, self.chunk)).argmax()
        return farthest_first(directions, start, k, lambda nearest: weights * nearest)


def unit_range(scores: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Scores moved and scaled to [0, 1]; all 1 where they are equal."""
    low, high = scores.aminmax()
    return torch.where(high > low, (scores - low) / (high - low), 1.0)


def isolation(directions: Float[Tensor, "n d"], chunk: int) -> Float[Tensor, " n"]:
    """Cosine distance of each token to the nearest other one, `chunk` tokens at a time."""
    nearest = []
    for start in range(0, len(directions), chunk):
        cosines = directions[start : start + chunk] @ directions.T
        cosines.diagonal(start).fill_(-1)
        nearest.append(1 - cosines.max(dim=-1).values)
    return torch.cat(nearest)


def farthest_first(
    directions: Float[Tensor, "n d"],
    start: Int[Tensor, ""],
    k: int,
    gain: Callable[[Float[Tensor, " n"]], Float[Tensor, " n"]],
) -> Int[Tensor, " k"]:
    """k picks: `start`, then always the token of highest `gain`, which takes the distances to the nearest pick."""
    nearest, barred = directions.new_full((len(directions),), torch.inf), directions.new_zeros(len(directions))
    picks = [start]
    for _ in range(k - 1):
        barred[picks[-1]] = -torch.inf
        nearest = torch.minimum(nearest, 1 - directions @ directions[picks[-1]])
        picks.append((gain(nearest) + barred).argmax())
    return torch.stack(picks).sort().values
