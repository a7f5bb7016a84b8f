"""Stage I of the paper: VAE latents become anchors in LLM width, one for each cell of a coarse grid."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Anchors, Grid, LatentGrid


def pool_patches(patches: Float[Tensor, "h w c"], side: int) -> Float[Tensor, "a b c"]:
    """Mean over blocks of `side` x `side` patches in float32; a block at the edge averages what exists."""
    image = patches.float().permute(2, 0, 1).unsqueeze(0)
    pooled = F.avg_pool2d(image, side, ceil_mode=True, count_include_pad=False)
    return pooled.squeeze(0).permute(1, 2, 0)


def anchor_cells(grid: Grid, anchor_grid: Grid, device: torch.device | None = None) -> Int[Tensor, " n"]:
    """The anchor of each token: (floor(r·a/h), floor(c·b/w)) for tokens on h x w, anchors on a x b."""
    (h, w), (a, b) = grid, anchor_grid
    rows = torch.arange(h, device=device) * a // h
    columns = torch.arange(w, device=device) * b // w
    return (rows[:, None] * b + columns).flatten()


@dataclass(frozen=True)
class AnchorRule:
    """a_j = W·mean_block(z) + b, with the model's own projection (W, b) of latent patches z.

    Released code: `pool=2` and a sampled posterior; here the posterior mean is the default, because a
    sample makes scores vary from run to run. Source: section 3.1 of the paper; method.md section 3.
    """

    pool: int = 2
    sample: bool = False

    def __post_init__(self) -> None:
        if type(self.pool) is not int or self.pool < 1:
            raise InputError(f"anchors.pool must be a whole number of at least 1, got {self.pool!r}")

    def __call__(self, latent: LatentGrid, grid: Grid, seed: int = 0) -> Anchors:
        pooled = pool_patches(self.draw(latent, seed), self.pool)
        cells = anchor_cells(grid, (pooled.shape[0], pooled.shape[1]), pooled.device)
        return Anchors(latent.project(pooled.flatten(0, 1).to(latent.mean.dtype)), cells)

    def draw(self, latent: LatentGrid, seed: int) -> Float[Tensor, "h w c"]:
        """The posterior mean, or one sample of the posterior that depends on `seed` alone."""
        if not self.sample:
            return latent.mean
        noise = torch.randn(latent.mean.shape, generator=torch.Generator().manual_seed(seed))
        return latent.mean + latent.std * noise.to(latent.mean)
