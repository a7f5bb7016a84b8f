"""Pictures of what stays: an image with its dropped tokens greyed out, and edits side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from g2tr.tokens import Grid


def kept_mask(view: Mapping[str, Any]) -> tuple[Grid, list[bool]]:
    """Grid and kept tokens of one image of a record (see `g2tr.run.Record.kept`)."""
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
