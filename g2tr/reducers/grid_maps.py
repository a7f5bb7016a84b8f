"""Maps on the token grid and on the latent grid: how a place differs from its surroundings, and resampling."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Grid


def local_contrast(
    values: Float[Tensor, "n c"], places: Int[Tensor, " n"], grid: Grid, window: int, chunk: int = 256
) -> Float[Tensor, " n"]:
    """‖x_i - mean of x over the `window` x `window` places around i‖₂ in float32, `chunk` channels at a time."""
    deviations = (x.float() - local_mean(x, places, grid, window) for x in values.split(chunk, dim=-1))
    return torch.stack([x.square().sum(-1) for x in deviations]).sum(0).sqrt()


def local_mean(
    values: Float[Tensor, "n c"], places: Int[Tensor, " n"], grid: Grid, window: int
) -> Float[Tensor, "n c"]:
    """Mean over the `window` x `window` places around each one; what lies beyond the edge or is gone does not count."""
    planes = torch.zeros(values.shape[1] + 1, grid[0] * grid[1], device=values.device)
    planes[:-1, places] = values.float().T
    planes[-1, places] = 1
    means = F.avg_pool2d(planes.unflatten(1, grid), window, stride=1, padding=window // 2).flatten(1)[:, places]
    return (means[:-1] / means[-1]).T


def resample(scores: Float[Tensor, "a b"], grid: Grid) -> Float[Tensor, " n"]:
    """A map on another grid over the same image, bilinear, averaging where the other grid is coarser."""
    image = scores[None, None].float()
    return F.interpolate(image, grid, mode="bilinear", align_corners=False, antialias=True).flatten()


def coordinates(places: Int[Tensor, " n"], grid: Grid) -> Float[Tensor, "n 2"]:
    """Row and column of each place."""
    return torch.stack([places // grid[1], places % grid[1]], dim=-1).float()


def even_cells(places: Int[Tensor, " n"], grid: Grid, cells: Grid) -> Int[Tensor, " n"]:
    """The cell of each place when a grid is cut into a lattice of `cells` as even as can be, in raster order."""
    return places // grid[1] * cells[0] // grid[0] * cells[1] + places % grid[1] * cells[1] // grid[1]


def whole(grid: Grid) -> Grid:
    """The grid as it is."""
    return grid


def smallest_grid(grid: Grid, count: int) -> Grid:
    """The smallest grid of about the same shape that holds `count` of the grid's places."""
    height, width = grid
    rows = math.ceil(height * (count / (height * width)) ** 0.5 - 1e-9)
    return rows, -(-count // rows)


def require_window(window: int) -> None:
    """Raises `InputError` for a window without a centre or without surroundings."""
    if type(window) is not int or window < 3 or window % 2 == 0:
        raise InputError(f"importance.window must be an odd number of at least 3, got {window!r}")
