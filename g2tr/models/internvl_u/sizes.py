"""Sizes of images on their way into and out of the autoencoder.

Source: `smart_resize` and the generation image processor of the official code; models-internvl-u.md section 4.
"""

import math
from dataclasses import dataclass

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.images import to_pixels, to_rgb
from g2tr.reducers.tokens import Grid

MAX_ASPECT = 200
CELL = 16  # pixels along a side of a latent patch: 8 per latent, 2 latents per patch


@dataclass(frozen=True)
class DynamicSize:
    """Sides that are multiples of `factor`, with an area in [min_pixels, max_pixels] and no side above `max_side`.

    The bounds hold in this order, so that the last wins: area, then side.
    """

    factor: int = CELL
    min_pixels: int = 512**2
    max_pixels: int = 1024**2
    max_side: int = 1024

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int or value < 1:
                raise InputError(f"sizes.{name} must be a whole number above 0, got {value!r}")
        if self.factor % CELL:
            raise InputError(f"sizes.factor must be a multiple of {CELL}, got {self.factor}")
        if self.min_pixels > self.max_pixels:
            raise InputError(
                f"sizes.min_pixels must be at most max_pixels, got {self.min_pixels} and {self.max_pixels}"
            )
        if self.max_side < self.factor or self.max_pixels < self.factor**2:
            bounds = f"{self.max_pixels} pixels and sides of {self.max_side}"
            raise InputError(f"sizes.factor must fit its bounds, {bounds}, got {self.factor}")

    def __call__(self, size: Grid) -> Grid:
        """The (height, width) for an image of this (height, width). Raises `InputError` where there is none."""
        if min(size) < self.factor or max(size) > MAX_ASPECT * min(size):
            raise InputError(
                f"cannot resize an image of {size[1]} x {size[0]} pixels: its sides must be at least {self.factor}, "
                f"the longer at most {MAX_ASPECT} times the shorter"
            )
        result = self.within_side(self.within_area(self.shrunk(size)))
        if not min(result):
            raise InputError(f"an image of {size[1]} x {size[0]} pixels is too narrow: a side would have no pixel left")
        return result

    def shrunk(self, size: Grid) -> Grid:
        """Both sides at the scale that brings the longer one down to `max_side`, cut to whole pixels."""
        longest = max(size)
        if longest <= self.max_side:
            return size
        scale = self.max_side / longest
        return int(size[0] * scale), int(size[1] * scale)

    def within_area(self, size: Grid) -> Grid:
        """The nearest multiples of the factor, or those at the scale that brings the area into its bounds."""
        area, (height, width) = size[0] * size[1], size
        rounded = round(height / self.factor) * self.factor, round(width / self.factor) * self.factor
        if rounded[0] * rounded[1] > self.max_pixels:
            scale = math.sqrt(area / self.max_pixels)
            return self.floored(height / scale), self.floored(width / scale)
        if rounded[0] * rounded[1] < self.min_pixels:
            scale = math.sqrt(self.min_pixels / area)
            return self.ceiled(height * scale), self.ceiled(width * scale)
        return rounded

    def within_side(self, size: Grid) -> Grid:
        """Both sides scaled down where the longer one is still too long."""
        longest = max(size)
        if longest <= self.max_side:
            return size
        scale = self.max_side / longest
        return self.floored(size[0] * scale), self.floored(size[1] * scale)

    def floored(self, side: float) -> int:
        return math.floor(side / self.factor) * self.factor

    def ceiled(self, side: float) -> int:
        return math.ceil(side / self.factor) * self.factor


def vae_pixels(image: Image.Image, rule: DynamicSize) -> Float[Tensor, "3 h w"]:
    """What the autoencoder sees of an image: resized by the rule, values in [-1, 1]."""
    return to_pixels(resized(to_rgb(image), rule((image.height, image.width)), Image.Resampling.BICUBIC))


def generated_size(requested: Grid, factor: int = CELL) -> Grid:
    """The (height, width) that is generated for a requested one: both sides cut down to multiples of `factor`.

    Raises `InputError` for a side below the factor.
    """
    if min(requested) < factor:
        raise InputError(
            f"cannot generate {requested[1]} x {requested[0]} pixels; both sides must be at least {factor}"
        )
    return requested[0] // factor * factor, requested[1] // factor * factor


def fit(image: Image.Image, requested: Grid) -> Image.Image:
    """A generated image at the requested (height, width)."""
    return resized(image, requested, Image.Resampling.LANCZOS)


def resized(image: Image.Image, size: Grid, kernel: Image.Resampling) -> Image.Image:
    """The image at this (height, width), untouched where it has it."""
    height, width = size
    return image if image.size == (width, height) else image.resize((width, height), kernel)
