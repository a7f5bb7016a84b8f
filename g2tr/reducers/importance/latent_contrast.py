"""Importance by local contrast of the VAE latent: where the generation branch spends its detail."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.grid_maps import local_contrast, require_window, resample
from g2tr.reducers.tokens import LatentGrid, VisualTokens


@dataclass(frozen=True)
class LatentContrast:
    """s = ‖z - mean of z over the `window` x `window` patches around it‖₂, brought to the token grid.

    z is the posterior mean of a latent patch; the map is resampled bilinearly. No counterpart in the paper.
    """

    window: int = 5
    requires: ClassVar[frozenset[type]] = frozenset({LatentGrid})

    def __post_init__(self) -> None:
        require_window(self.window)

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        patches = tokens.read(LatentGrid).mean
        grid = (patches.shape[0], patches.shape[1])
        places = torch.arange(grid[0] * grid[1], device=patches.device)
        contrast = local_contrast(patches.flatten(0, 1), places, grid, self.window)
        return resample(contrast.unflatten(0, grid), tokens.grid)[tokens.places]
