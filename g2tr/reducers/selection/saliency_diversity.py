"""Selection by one greedy objective of saliency and diversity."""

from dataclasses import dataclass
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.gram import Gram
from g2tr.reducers.selection.maxmin import farthest_first, unit_range
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class SaliencyDiversity:
    """First the best score, then argmax_i (1 - λ)·s_i + λ·min_{j kept} (1 - cos(v_i, v_j)), s brought to [0, 1].

    λ is `diversity`: 0 is top-k, 1 max-min diversity. Source: the idea of GreedyPrune (baselines.md section 4.12
    knows its abstract and found no code), so the objective is an own one.
    """

    diversity: float = 0.5
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        cosines = Gram.of(F.normalize(tokens.features.float(), dim=-1), k)
        saliency, start = (1 - self.diversity) * unit_range(scores), scores.argmax(dim=0, keepdim=True)
        return farthest_first(cosines, start, k, lambda nearest: saliency + self.diversity * nearest)
