"""Selection of outliers of the score, and an even sample of the rest: PruMerge+ with an exact budget."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.selection.uniform import middles
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Outliers:
    """Tokens with s_i > Q3 + `reach`·(Q3 - Q1), the k best if they are more; places left go evenly to the others.

    PruMerge lets the number of outliers be the budget, PruMerge+ adds evenly spaced tokens until there are more;
    here they fill the budget, so that it is exact. Evenly: in raster order, the middle of each of m equal parts.
    Source: LLaVA-PruMerge (baselines.md section 4.9).
    """

    reach: float = 1.5
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        low, high = quartiles(scores)
        order = scores.sort(descending=True, stable=True).indices
        salient = order[: min(k, int((scores > high + self.reach * (high - low)).sum()))]
        others = order[len(salient) :].sort().values
        spaced = middles(torch.arange(k - len(salient), device=scores.device), k - len(salient), len(others))
        return torch.cat([salient, others[spaced]]).sort().values


def quartiles(scores: Float[Tensor, " n"]) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Q1 and Q3, linear between ranks."""
    low, high = scores.quantile(scores.new_tensor([0.25, 0.75]))
    return low, high
