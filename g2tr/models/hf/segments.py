"""Which rows of an image's features lie on a grid, and on which: the layouts of transformers' model families.

Axes: n rows of one image as the language model reads them, tiles and separators included; s rows of one segment.
Source: `get_image_features` and `pack_image_features` of the modeling files of transformers 5.23.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Grid

Features = Float[Tensor, "n d"]


@dataclass(frozen=True, eq=False)
class Segment:
    """An image or a tile of one: the rows of the image's features that hold its grid, in raster order.

    Rows of no segment (the newline embeddings of LLaVA-NeXT) are never reduced.
    """

    rows: Int[Tensor, " s"]
    grid: Grid


Layout = Callable[[Any, Mapping[str, Any], Sequence[Features]], list[list[Grid]]]


def find_segments(
    config: Any,  # noqa: ANN401 - a configuration class of transformers
    inputs: Mapping[str, Any],
    features: Sequence[Features],
    grids: Sequence[Grid] | None = None,
) -> list[list[Segment]]:
    """The segments of each image; `grids` gives one grid an image where the family is not known.

    Raises `InputError` where the rows of an image fit no layout.
    """
    if grids is not None:
        return [[whole_image(rows, grid)] for rows, grid in zip_images(features, grids)]
    if "image_sizes" in inputs and hasattr(config, "image_grid_pinpoints"):
        return newline_segments(config, inputs, features)
    if inputs.get("image_grid_thw") is not None:
        return grid_thw_segments(inputs["image_grid_thw"].tolist(), features)
    if "image_sizes" in inputs:
        return sized_segments(config, inputs, features)
    return [square_tiles(rows, tile_length(config, len(rows))) for rows in features]


def zip_images(features: Sequence[Features], items: Sequence[Any]) -> list[tuple[Features, Any]]:
    """Features with what was given for each image. Raises `InputError` where the counts differ."""
    if len(features) != len(items):
        raise InputError(f"the model encoded {len(features)} images, but grids or sizes of {len(items)} were given")
    return list(zip(features, items, strict=True))


def whole_image(rows: Features, grid: Grid, start: int = 0) -> Segment:
    """A segment of `grid` from row `start` on."""
    count = grid[0] * grid[1]
    if start + count > len(rows):
        raise InputError(f"an image of {len(rows)} tokens does not hold a grid of {grid[0]}x{grid[1]}")
    return Segment(torch.arange(start, start + count, device=rows.device), grid)


def grid_thw_segments(sizes: Sequence[Sequence[int]], features: Sequence[Features]) -> list[list[Segment]]:
    """Qwen-VL, GLM-V and their like: t frames of h x w patches, merged by a factor m along both sides.

    Example: 1 x 8 x 12 patches and 24 tokens: m = 2, one segment of 4 x 6.
    """
    found = []
    for rows, (frames, height, width) in zip_images(features, sizes):
        merge = math.isqrt(frames * height * width // max(len(rows), 1))
        grid = (height // max(merge, 1), width // max(merge, 1))
        if frames * grid[0] * grid[1] != len(rows):
            raise InputError(f"{frames}x{height}x{width} patches were encoded to {len(rows)} tokens, which is no grid")
        found.append([whole_image(rows, grid, frame * grid[0] * grid[1]) for frame in range(frames)])
    return found


def sized_segments(config: Any, inputs: Mapping[str, Any], features: Sequence[Features]) -> list[list[Segment]]:  # noqa: ANN401
    """Pixtral towers: one token for each `patch_size` x `spatial_merge_size` pixels of the image's own size."""
    side = config.vision_config.patch_size * getattr(config, "spatial_merge_size", 1)
    sizes = torch.as_tensor(inputs["image_sizes"]).tolist()
    return [
        [whole_image(rows, (height // side, width // side))] for rows, (height, width) in zip_images(features, sizes)
    ]


def tile_length(config: Any, rows: int) -> int:  # noqa: ANN401
    """Tokens of one tile. Idefics3 and SmolVLM lay the tiles of a sample end to end; others give an entry a tile."""
    vision, scale = getattr(config, "vision_config", None), getattr(config, "scale_factor", None)
    if scale is None or vision is None:
        return rows
    return int((vision.image_size // vision.patch_size) ** 2 // scale**2)


def square_tiles(rows: Features, length: int) -> list[Segment]:
    """Tiles of `length` tokens, each square."""
    side = math.isqrt(length)
    if side * side != length or len(rows) % length:
        raise InputError(
            f"cannot tell the grid of an image of {len(rows)} tokens: give grids=[(height, width), ...], one an image"
        )
    return [whole_image(rows, (side, side), start) for start in range(0, len(rows), length)]


def newline_segments(config: Any, inputs: Mapping[str, Any], features: Sequence[Features]) -> list[list[Segment]]:  # noqa: ANN401
    """LLaVA-NeXT and OneVision: a square overview, then the tiles as one grid with a newline after each of its rows."""
    side = config.vision_config.image_size // config.vision_config.patch_size
    sizes = torch.as_tensor(inputs["image_sizes"]).tolist()
    return [overview_and_tiles(rows, side, aspect_ratio(config, size)) for rows, size in zip_images(features, sizes)]


def aspect_ratio(config: Any, size: Sequence[int]) -> float:  # noqa: ANN401
    """Height / width of the image; padding to the tile grid is cut off again before the language model."""
    return size[0] / size[1]


def overview_and_tiles(rows: Features, side: int, ratio: float) -> list[Segment]:
    """Rows = side² + h·(w + 1), with h/w closest to the image's own; side² + 1 (a newline) without tiles.

    Example: side 24, 576 + 48·(48 + 1) rows: the overview of 24 x 24, then 48 x 48 tokens.
    """
    overview = whole_image(rows, (side, side))
    rest = len(rows) - side * side
    if rest <= 1:
        return [overview]
    shapes = [(h, rest // h - 1) for h in range(1, rest + 1) if rest % h == 0 and rest // h > 1]
    height, width = min(shapes, key=lambda shape: abs(math.log(shape[0] / shape[1] / ratio)))
    table = torch.arange(side * side, len(rows), device=rows.device).view(height, width + 1)
    return [overview, Segment(table[:, :-1].flatten(), (height, width))]
