"""Judge-free scores of edited images.

Images are compared as RGB in [0, 1]; an image of another size is first resized to the target's.
"""

import numpy as np
import torch
from jaxtyping import Bool, Float
from PIL import Image
from torch import Tensor

from g2tr.images import to_rgb

IDENTICAL_DB = 100.0
VISIBLE = 12.75 / 255
WINDOW = 11


def to_values(image: Image.Image, size: tuple[int, int]) -> Float[Tensor, "3 h w"]:
    """RGB values of an image at (width, height)."""
    image = to_rgb(image)
    if image.size != size:
        image = image.resize(size, Image.Resampling.BICUBIC)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).double() / 255


def psnr(a: Float[Tensor, "*x"], b: Float[Tensor, "*x"]) -> float:
    """Peak signal-to-noise ratio in dB; 100 where both are (almost) identical."""
    error = (a - b).square().mean().item()
    return min(IDENTICAL_DB, -10 * float(np.log10(error))) if error > 0 else IDENTICAL_DB


def ssim(a: Float[Tensor, "3 h w"], b: Float[Tensor, "3 h w"]) -> float:
    """Structural similarity, Gaussian window of 11 pixels; in float64, since variances are differences of means.

    Images with a side below 11 pixels, which the window does not fit into, are enlarged to it without new values.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure

    a, b = at_least(a, WINDOW), at_least(b, WINDOW)
    value = structural_similarity_index_measure(a[None].double(), b[None].double(), data_range=1.0)
    assert isinstance(value, Tensor)
    return value.item()


def at_least(image: Float[Tensor, "3 h w"], side: int) -> Float[Tensor, "3 h2 w2"]:
    """The image with every pixel repeated until no side is shorter than `side`."""
    factor = -(-side // min(image.shape[1:]))
    return image.repeat_interleave(factor, 1).repeat_interleave(factor, 2)


def changed_pixels(source: Float[Tensor, "3 h w"], target: Float[Tensor, "3 h w"]) -> Bool[Tensor, "h w"]:
    """Where source and target differ visibly: by more than 12.75 of 255 in some channel."""
    return ((source - target).abs() > VISIBLE).any(0)


def success(result: Float[Tensor, "3 h w"], source: Float[Tensor, "3 h w"], target: Float[Tensor, "3 h w"]) -> float:
    """1 if, over the changed pixels, the error to the target is below a quarter of that of changing nothing."""
    changed = changed_pixels(source, target)
    error, unchanged = ((x - target)[:, changed].square().mean() for x in (result, source))
    return float(error < 0.25 * unchanged)


def preservation(
    result: Float[Tensor, "3 h w"], source: Float[Tensor, "3 h w"], target: Float[Tensor, "3 h w"]
) -> float:
    """PSNR to the target over the pixels that should stay; 100 where there are none."""
    kept = ~changed_pixels(source, target)
    return psnr(result[:, kept], target[:, kept]) if kept.any() else IDENTICAL_DB


def edit_grades(result: Image.Image, source: Image.Image, target: Image.Image) -> dict[str, float]:
    """All scores of one edit whose exact target is known."""
    y, x, t = (to_values(image, target.size) for image in (result, source, target))
    return {
        "success": success(y, x, t),
        "psnr": psnr(y, t),
        "ssim": ssim(y, t),
        "preservation": preservation(y, x, t),
    }


def agreement(result: Image.Image, reference: Image.Image) -> dict[str, float]:
    """How close an edit is to that of the unreduced model with the same seed."""
    y, r = (to_values(image, reference.size) for image in (result, reference))
    return {"agreement_psnr": psnr(y, r), "agreement_ssim": ssim(y, r)}
