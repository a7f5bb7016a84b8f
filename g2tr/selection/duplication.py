"""Selection of tokens that duplicate none of a few pivots: the selection of DART."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.tokens import VisualTokens


@dataclass(frozen=True)
class Duplication:
    """The `pivots` best tokens, then for each pivot in turn the tokens still free with the lowest cosine to it.

    The k - pivots other places are shared out evenly, the first pivots getting one more, so that the budget is
    exact (the official code drifts); pivots come in falling order of score (officially in the order of a Python
    set). Source: DART, EMNLP 2025, after the encoder and without text pivots (baselines.md section 4.1).
    """

    pivots: int = 8
    reads: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        pivots = scores.sort(descending=True, stable=True).indices[: min(self.pivots, k)]
        directions = F.normalize(tokens.features.float(), dim=-1)
        taken = torch.zeros_like(scores, dtype=torch.bool)
        taken[pivots] = True
        share, extra = divmod(k - len(pivots), len(pivots))
        for turn, pivot in enumerate(pivots):
            cosines = (directions @ directions[pivot]).masked_fill(taken, torch.inf)
            taken[cosines.sort(stable=True).indices[: share + (turn < extra)]] = True
        return torch.where(taken)[0]
