"""Positions (frame, row, column) of what the generation decoder reads, as floats; l tokens of one row.

Source: `create_position_ids_3d_v3` of the official code; models-internvl-u.md section 5. For a reduced image the
official code counts its tokens like text; here they keep their places on the full grid.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from g2tr.reducers.tokens import Grid


@dataclass(frozen=True, eq=False)
class KeptGrid:
    """The tokens that a reduction left of one image: raster indices on the grid that the vision tower made.

    `whole` is the grid that it makes at full size, over which a smaller one is spread.
    """

    grid: Grid
    kept: Int[Tensor, " k"]
    whole: Grid

    @classmethod
    def full(cls, grid: Grid) -> "KeptGrid":
        """An image without reduction."""
        return cls(grid, torch.arange(grid[0] * grid[1]), grid)


def centred(length: int, scale: float = 1.0, count: int = 0) -> Float[Tensor, " n"]:
    """Coordinates around 0, one apart; below scale 1, as many coordinates over a range that is 1/scale as wide.

    With a `count`, so many over the same range.
    """
    below, above = length - length // 2, length // 2
    return torch.linspace(-int(below / scale), int(above / scale) - 1, count or length)


def grid_positions(frame: int, grid: Grid, scale: float = 1.0, whole: Grid | None = None) -> Float[Tensor, "l 3"]:
    """A grid in raster order, centred at 0, all in one frame; over the range of a larger one where `whole` is given."""
    rows, columns = (centred(full, scale, side) for full, side in zip(whole or grid, grid, strict=True))
    frames = torch.tensor([float(frame)])
    return torch.cartesian_prod(frames, rows, columns)


def latent_positions(size: Grid, references: Sequence[Grid]) -> Float[Tensor, "l 3"]:
    """The generated image in frame 0 and reference images in frames 1, 2, …; sizes are (rows, columns) of patches."""
    return torch.cat([grid_positions(frame, grid) for frame, grid in enumerate([size, *references])])


def conditioning_positions(
    is_image: Bool[Tensor, " t"], images: Sequence[KeptGrid], start: int, scale: float
) -> Float[Tensor, "t 3"]:
    """A counter from `start` that steps over each text token on the diagonal and over each image grid as a whole.

    An image takes the counter as its frame and its centred grid at full size, stretched by 1/scale; the counter goes on
    after the largest coordinate of the full grid, whatever was kept. Raises `ValueError` where the runs
    of image tokens in the mask do not fit `images`.
    """
    check_runs(is_image, images)
    blocks, counter, pending = [torch.empty(0, 3)], start, iter(images)
    for run, length in runs(is_image):
        if run:
            image = next(pending)
            full = grid_positions(counter, image.grid, scale, image.whole)
            blocks.append(full[image.kept.cpu()])
            counter = int(full.max()) + 1
        else:
            blocks.append(torch.arange(counter, counter + length).float()[:, None].expand(-1, 3))
            counter += length
    return torch.cat(blocks)


def runs(is_image: Bool[Tensor, " t"]) -> Iterator[tuple[bool, int]]:
    """Runs of equal values in the mask, with their lengths."""
    values, lengths = torch.unique_consecutive(is_image.cpu(), return_counts=True)
    return zip(values.tolist(), lengths.tolist(), strict=True)


def check_runs(is_image: Bool[Tensor, " t"], images: Sequence[KeptGrid]) -> None:
    """Raises `ValueError` where the runs of image tokens are not those of the images, in order."""
    found = [length for run, length in runs(is_image) if run]
    wanted = [len(image.kept) for image in images]
    if found != wanted:
        raise ValueError(f"the conditioning has image runs of {found} tokens, its images kept {wanted}")


def row_positions(
    size: Grid, references: Sequence[Grid], is_image: Bool[Tensor, " t"], images: Sequence[KeptGrid], scale: float
) -> Float[Tensor, "l 3"]:
    """Generated latents, reference latents and conditioning; the counter starts after the largest coordinate."""
    latents = latent_positions(size, references)
    start = int(latents.max()) + 1
    return torch.cat([latents, conditioning_positions(is_image, images, start, scale)])
