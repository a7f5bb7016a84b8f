"""Pixels inside and outside of a mask: what an edit did where it was asked to, and what it left alone elsewhere."""

import numpy as np
import torch
from jaxtyping import Bool
from PIL import Image
from torch import Tensor

from g2tr.metrics.editing import psnr, to_values


def allowed(mask: Image.Image, size: tuple[int, int]) -> Bool[Tensor, "h w"]:
    """Where a mask lets an edit change the picture: where it is transparent, or, if it is so nowhere, white.

    Both are in use: transparent in masks that are the picture with a hole, white in drawn ones.
    """
    opaque = np.array(mask.convert("RGBA").resize(size, Image.Resampling.NEAREST).getchannel("A")) > 127
    white = np.array(mask.convert("L").resize(size, Image.Resampling.NEAREST)) > 127
    return torch.from_numpy(white if opaque.all() else ~opaque)


def masked_grades(result: Image.Image, other: Image.Image, mask: Image.Image, inside: bool) -> dict[str, float]:
    """L1 and PSNR to another image, `inside_…` or `outside_…` of the mask; none where no pixel lies there."""
    y, x = (to_values(image, other.size) for image in (result, other))
    chosen = allowed(mask, other.size) == inside
    if not chosen.any():
        return {}
    name, a, b = "inside" if inside else "outside", y[:, chosen], x[:, chosen]
    return {f"{name}_l1": (a - b).abs().mean().item(), f"{name}_psnr": psnr(a, b)}
