"""Selection of the tokens whose VAE latent the kept ones predict worst."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.grid_maps import coordinates, resample
from g2tr.reducers.tokens import LatentGrid, VisualTokens

PRIOR = 1e-3


@dataclass(frozen=True)
class Reconstruction:
    """Next is argmax_i ‖z_i - Σ_j g_ij·z_j / Σ_j g_ij‖₂ over kept j,  g_ij = exp(-‖p_i - p_j‖² / 2·reach²).

    A latent is predicted by kernel regression from the kept ones around it, at first by the image mean, which goes
    on counting as a pick of weight 0.001. Scores do not count. A pick costs O(n·c) for latents of c channels,
    brought to the token grid. No counterpart in the paper; kernel regression: Nadaraya 1964, Watson 1964.
    """

    reach: float = 0.5
    requires: ClassVar[frozenset[type]] = frozenset({LatentGrid})

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        planes = tokens.read(LatentGrid).mean.permute(2, 0, 1)
        latents = torch.stack([resample(plane, tokens.grid) for plane in planes], dim=-1)[tokens.places]
        spots = coordinates(tokens.places, tokens.grid)
        sums, weights = PRIOR * latents.mean(0).expand_as(latents), torch.full_like(scores, PRIOR)
        taken = torch.zeros_like(scores, dtype=torch.bool)
        for _ in range(k):
            errors = (latents - sums / weights[:, None]).square().sum(-1)
            pick = errors.masked_fill(taken, -1).argmax()
            taken[pick] = True
            near = (-(spots - spots[pick]).square().sum(-1) / (2 * self.reach**2)).exp()
            sums, weights = sums + near[:, None] * latents[pick], weights + near
        return torch.where(taken)[0]
