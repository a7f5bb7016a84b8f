"""The pixels of each segment, out of what the processors of transformers hand to the model.

Axes: t frames, h, w sides in pixels. Source: the image processors of transformers 5.23.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from zlib import crc32

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.hf.segments import Segment

Pixels = Float[Tensor, "3 h w"]


def segment_pixels(
    config: Any,  # noqa: ANN401 - a configuration class of transformers
    inputs: Mapping[str, Any],
    segments: Sequence[Sequence[Segment]],
) -> list[list[Pixels]]:
    """The normalised pixels that each segment was encoded from, image by image.

    LLaVA-NeXT's tiles are given the overview's, which show the same picture. Raises `InputError` for other layouts.
    """
    values, counts = inputs["pixel_values"].float(), [len(own) for own in segments]
    if inputs.get("image_grid_thw") is not None:
        return patched(config.vision_config, values, inputs["image_grid_thw"].tolist())
    if hasattr(config, "image_grid_pinpoints") and values.ndim == 5 and len(values) == len(counts):
        return [[tiles[0]] * count for tiles, count in zip(values, counts, strict=True)]
    tiles = [tile for tile in values.flatten(0, -4) if values.ndim == 4 or tile.any()]
    if len(tiles) != sum(counts):
        raise InputError(f"cannot tell which of {len(tiles)} pictures belongs to which of {sum(counts)} token grids")
    if "image_sizes" in inputs:
        sizes = torch.as_tensor(inputs["image_sizes"]).tolist()
        tiles = [tile[:, :height, :width] for tile, (height, width) in zip(tiles, sizes, strict=True)]
    left = iter(tiles)
    return [[next(left) for _ in range(count)] for count in counts]


def patched(vision: Any, values: Float[Tensor, "n v"], sizes: Sequence[Sequence[int]]) -> list[list[Pixels]]:  # noqa: ANN401
    """Images out of Qwen-VL's flattened patches: (frames, rows, columns, merge, merge, channel, time, y, x)."""
    merge, side = vision.spatial_merge_size, vision.patch_size
    found, start = [], 0
    for frames, height, width in sizes:
        rows = values[start : start + frames * height * width]
        blocks = rows.view(frames, height // merge, width // merge, merge, merge, 3, -1, side, side)[..., 0, :, :]
        image = blocks.permute(0, 5, 1, 3, 6, 2, 4, 7).reshape(frames, 3, height * side, width * side)
        found.append(list(image))
        start += len(rows)
    return found


def seed_of(pixels: Pixels) -> int:
    """A checksum of the pixels in steps of 1/64, so that a random strategy treats each picture differently."""
    return crc32((64 * pixels).round().to(torch.int16).contiguous().cpu().numpy().tobytes())
