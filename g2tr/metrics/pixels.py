"""Distances between pixels, as MagicBrush and Emu-Edit report them: the result is first resized to the other image."""

from PIL import Image

from g2tr.metrics.editing import psnr, ssim, to_values


def pixel_grades(result: Image.Image, target: Image.Image) -> dict[str, float]:
    """L1 (mean absolute error) and L2 (mean squared error) of values in [0, 1], PSNR and SSIM."""
    y, t = (to_values(image, target.size) for image in (result, target))
    return {
        "l1": (y - t).abs().mean().item(),
        "l2": (y - t).square().mean().item(),
        "psnr": psnr(y, t),
        "ssim": ssim(y, t),
    }
