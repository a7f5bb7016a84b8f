"""Images as models read them: RGB, pixel values, and a checksum."""

import zlib

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB; transparent pixels are laid over white, and 16-bit values are scaled, not clipped.

    Raises `InputError` for an image without pixels, and for one whose values have no fixed range.
    """
    if 0 in image.size or image.mode in ("I", "F"):
        raise InputError(f"cannot read an image of mode {image.mode} and size {image.size}; convert it to RGB first")
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


def to_pixels(image: Image.Image) -> Float[Tensor, "3 h w"]:
    """Pixel values in [-1, 1]."""
    values = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    return (values.float() / 255 - 0.5) / 0.5


def checksum(image: Image.Image) -> int:
    """A number that identifies the pixels of an image, the same on every machine."""
    return zlib.crc32(image.tobytes())
