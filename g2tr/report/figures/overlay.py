"""Pictures of what stays: dropped tokens greyed out, merged tokens in their mean colour, images side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from g2tr.metrics.account import unpack_assignment
from g2tr.reducers.tokens import Grid


def kept_mask(view: Mapping[str, Any]) -> tuple[Grid, list[bool]]:
    """Grid and kept tokens of one image of a record (see `g2tr.evaluation.record.Record.kept`)."""
    height, width = view["grid"]
    bits = f"{int(view['bits'], 16):b}"[1:]
    return (height, width), [bit == "1" for bit in bits]


def overlay(image: Image.Image, view: Mapping[str, Any], fade: float = 0.85) -> Image.Image:
    """The image with every dropped token faded to grey."""
    grid, kept = kept_mask(view)
    mask = Image.fromarray(np.array(kept, dtype=np.uint8).reshape(grid) * 255)
    mask = mask.resize(image.size, Image.Resampling.NEAREST)
    grey = Image.new("RGB", image.size, (128, 128, 128))
    return Image.composite(image.convert("RGB"), Image.blend(image.convert("RGB"), grey, fade), mask)


def merged(image: Image.Image, view: Mapping[str, Any]) -> Image.Image:
    """The image as merging leaves it: tokens of one home in their mean colour, dropped ones grey."""
    grid, kept = kept_mask(view)
    colours = np.array(image.convert("RGB").resize((grid[1], grid[0]), Image.Resampling.BOX), dtype=float)
    assignment = np.full(len(kept), -1)
    assignment[np.flatnonzero(kept)] = np.arange(sum(kept))
    assignment = np.array(unpack_assignment(view["homes"])) if "homes" in view else assignment
    means = np.full((sum(kept) + 1, 3), 128.0)
    for channel, values in enumerate(colours.reshape(-1, 3).T):
        sums = np.bincount(assignment[assignment >= 0], values[assignment >= 0], sum(kept))
        means[:-1, channel] = sums / np.bincount(assignment[assignment >= 0], minlength=sum(kept))
    shown = Image.fromarray(means[assignment].round().astype(np.uint8).reshape(*grid, 3))
    return shown.resize(image.size, Image.Resampling.NEAREST)


def side_by_side(images: Sequence[Image.Image], gap: int = 8) -> Image.Image:
    """Images in a row, scaled to the height of the first, on white."""
    height = images[0].height
    scaled = [image.convert("RGB").resize((round(image.width * height / image.height), height)) for image in images]
    sheet = Image.new("RGB", (sum(image.width for image in scaled) + gap * (len(scaled) - 1), height), "white")
    left = 0
    for image in scaled:
        sheet.paste(image, (left, 0))
        left += image.width + gap
    return sheet
