"""Two importances in one: the weighted mean of their ranks."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.importance.feature_contrast import FeatureContrast
from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.stages import Importance
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Combine:
    """s_i = weight·rank(a_i) + (1 - weight)·rank(b_i), the best token of n at rank 1, the worst at 1/n.

    Ranks make scores of different scale commensurable; equal scores: the lower index ranks higher.
    """

    first: Importance = field(default_factory=LatentContrast)
    second: Importance = field(default_factory=FeatureContrast)
    weight: float = 0.5

    @property
    def requires(self) -> frozenset[type]:
        """What the two ask for."""
        return self.first.requires | self.second.requires

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        return self.weight * ranks(self.first(tokens)) + (1 - self.weight) * ranks(self.second(tokens))


def ranks(scores: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    """Place in the order of scores as a share of n: 1 for the best."""
    order = scores.sort(descending=True, stable=True).indices
    falling = torch.arange(len(scores), 0, -1, device=scores.device) / len(scores)
    return torch.empty_like(falling).scatter_(0, order, falling)
