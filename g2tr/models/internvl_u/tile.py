"""What the vision tower sees of an image: one square tile, whatever the image's aspect.

Source: sections 3 and 9 of models-internvl-u.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.images import to_pixels, to_rgb
from g2tr.models.checkpoints.json_config import Json, check_numbers, inner, read_json
from g2tr.reducers.tokens import Grid

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class Tile:
    """Squashes images to `side` x `side` pixels and normalises their channels; values in [0, 1] less mean, by std."""

    side: int
    mean: Sequence[float] = IMAGENET[0]
    std: Sequence[float] = IMAGENET[1]
    resample: int = Image.Resampling.BICUBIC

    def squashed(self, image: Image.Image, size: Grid) -> Float[Tensor, "3 h w"]:
        """The whole image at (height, width) pixels, values in [-1, 1]."""
        return to_pixels(to_rgb(image).resize(size[::-1], Image.Resampling(self.resample)))

    def __call__(self, image: Image.Image, size: Grid) -> Float[Tensor, "3 h w"]:
        """What the tower sees at (height, width) pixels, which are those of the tile unless it is spared some."""
        mean, std = (torch.tensor(tuple(values))[:, None, None] for values in (self.mean, self.std))
        return (self.squashed(image, size) * 0.5 + 0.5 - mean) / std


def read_tile(path: Path, side: int) -> Tile:
    """The tile by `image_processor_kwargs` in a processor's configuration; what it does not state is ImageNet's.

    Raises `InputError` for values that make no tile of `side` x `side` pixels.
    """
    stated = inner(read_json(path).get("image_processor_kwargs", {}), f"{path}: image_processor_kwargs")
    size = stated.get("size", side)
    sides = list(size.values()) if isinstance(size, dict) else [size]
    if not sides or any(length != side for length in sides):
        raise InputError(f"{path}: size must be {side} x {side}, as the vision tower has it, got {size}")
    mean, std = (channels(stated, key, path) for key in ("image_mean", "image_std"))
    resample = stated.get("resample", int(Image.Resampling.BICUBIC))
    if type(resample) is not int or resample not in {int(kernel) for kernel in Image.Resampling}:
        raise InputError(f"{path}: resample must be one of Pillow's kernels 0 … 5, got {resample!r}")
    return Tile(side, mean or IMAGENET[0], std or IMAGENET[1], resample)


def channels(stated: Json, key: str, path: Path) -> tuple[float, ...]:
    """Three numbers, one for each channel; none where nothing is stated."""
    if stated.get(key) is None:
        return ()
    values = check_numbers(stated[key], f"{path}: {key}", positive=key == "image_std")
    if len(values) != 3:
        raise InputError(f"{path}: {key} must be three numbers, got {stated[key]!r}")
    return values
