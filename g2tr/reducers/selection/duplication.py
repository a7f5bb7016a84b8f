"""Selection of tokens that duplicate none of a few best ones: the rule of DART, for any tokens and score."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Duplication:
    """The `pivots` best tokens, then for each pivot in turn the tokens still free with the lowest cosine to it.

    The k - pivots other places are shared out evenly, the first pivots getting one more, so that the budget is
    exact (the official code drifts); pivots come in falling order of score (officially in the order of a Python
    set). DART itself, whose pivots are of the question, too, is `pivots`, inside the language model.
    Source: DART, EMNLP 2025 (baselines.md section 4.1).
    """

    pivots: int = 8
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        pivots = scores.sort(descending=True, stable=True).indices[: min(self.pivots, k)]
        directions = F.normalize(tokens.features.float(), dim=-1)
        return least_like(directions, pivots, directions[pivots], k)


def least_like(
    directions: Float[Tensor, "n d"], taken: Int[Tensor, " t"], pivots: Float[Tensor, "p d"], k: int
) -> Int[Tensor, " k"]:
    """k tokens: those `taken`, then for each of the `pivots` in turn its share of the free ones least like it."""
    kept = torch.zeros(len(directions), dtype=torch.bool, device=directions.device)
    kept[taken] = True
    share, extra = divmod(k - len(taken), len(pivots))
    for turn, pivot in enumerate(pivots):
        cosines = (directions @ pivot).masked_fill(kept, torch.inf)
        kept[cosines.sort(stable=True).indices[: share + (turn < extra)]] = True
    return torch.where(kept)[0]
