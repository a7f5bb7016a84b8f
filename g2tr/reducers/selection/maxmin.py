"""Selection of tokens far apart from each other: max-min diversity, the selection of DivPrune."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.gram import Gram
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class MaxMin:
    """Next is argmax_i w_i · min_{j kept} (1 - cos(v_i, v_j)); the first is farthest from its nearest other token.

    w = score^exponent, scores brought to [0, 1]; at exponent 0, the default, scores do not count: DivPrune. The
    distance to the kept tokens is a running minimum, so that a pick reads one row of cosines. It is also the greedy
    2-approximation of k-center (Gonzalez 1985). Source: DivPrune, CVPR 2025 (baselines.md section 4.4).
    """

    exponent: float = 0.0
    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        cosines = Gram.of(F.normalize(tokens.features.float(), dim=-1), len(scores))
        weights = unit_range(scores) ** self.exponent
        start = (weights * isolation(cosines, self.chunk)).argmax(dim=0, keepdim=True)
        return farthest_first(cosines, start, k, lambda nearest: weights * nearest)


def unit_range(scores: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Scores moved and scaled to [0, 1]; all 1 where they are equal."""
    low, high = scores.aminmax()
    return torch.where(high > low, (scores - low) / (high - low), 1.0)


def isolation(cosines: Gram, chunk: int) -> Float[Tensor, " n"]:
    """Cosine distance of each token to the nearest other one, `chunk` tokens at a time."""
    nearest = []
    for number, part in enumerate(cosines.parts(chunk)):
        others = part.clone()
        others.diagonal(number * chunk).fill_(-1)
        nearest.append(1 - others.max(dim=-1).values)
    return torch.cat(nearest)


def farthest_first(
    cosines: Gram,
    start: Int[Tensor, " 1"],
    k: int,
    gain: Callable[[Float[Tensor, " n"]], Float[Tensor, " n"]],
) -> Int[Tensor, " k"]:
    """k picks: `start`, then always the token of highest `gain`, which takes the distances to the nearest pick."""
    count = len(cosines.rows)
    nearest, barred = cosines.rows.new_full((count,), torch.inf), cosines.rows.new_zeros(count)
    picks = [start]
    for _ in range(k - 1):
        barred[picks[-1]] = -torch.inf
        nearest = torch.minimum(nearest, 1 - cosines.row(picks[-1]))
        picks.append((gain(nearest) + barred).argmax(dim=0, keepdim=True))
    return torch.cat(picks).sort().values
