"""Importance by distance from the image's typical VAE latent."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.grid_maps import resample
from g2tr.reducers.tokens import LatentGrid, VisualTokens


@dataclass(frozen=True)
class LatentDeviation:
    """s = ‖z - median(z)‖₂, the median channel by channel over the image, brought to the token grid.

    z is the posterior mean of a latent patch; the map is resampled bilinearly. No counterpart in the paper.
    """

    requires: ClassVar[frozenset[type]] = frozenset({LatentGrid})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        patches = tokens.read(LatentGrid).mean.float()
        typical = patches.flatten(0, 1).median(0).values
        return resample((patches - typical).norm(dim=-1), tokens.grid)[tokens.places]
