"""Paints scenes, many at a time, on any device."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.scenes.canvas import canvas_of, paint
from g2tr.scenes.scene import Scene
from g2tr.scenes.threads import one_thread

CPU = torch.device("cpu")
PIECE = 32


def render(scenes: Sequence[Scene], device: torch.device = CPU) -> Float[Tensor, "b 3 h w"]:
    """Images in [0, 1], not rounded. Raises `InputError` where the scenes differ in size or there are none."""
    sizes = {scene.size for scene in scenes}
    if len(sizes) != 1:
        raise InputError(f"one batch renders scenes of one size, got {len(scenes)} of sizes {sorted(sizes)}")
    # Small pieces stay in a CPU's cache, where the work is bound by memory; a GPU takes the batch at once.
    piece = PIECE if device.type == "cpu" else len(scenes)
    with one_thread(device):
        return torch.cat([painted(scenes[i : i + piece], device) for i in range(0, len(scenes), piece)])


def painted(scenes: Sequence[Scene], device: torch.device) -> Float[Tensor, "b 3 h w"]:
    """Images of scenes of one size."""
    return paint(canvas_of(scenes), device)


def to_images(pixels: Float[Tensor, "b 3 h w"]) -> list[Image.Image]:
    """Pictures of round(255 · value)."""
    values = (255 * pixels).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()
    return [Image.fromarray(np.ascontiguousarray(value)) for value in values]


def pictures(scenes: Sequence[Scene], device: torch.device = CPU) -> list[Image.Image]:
    """The pictures of scenes of any sizes, in their order."""
    drawn: dict[int, Image.Image] = {}
    for size in dict.fromkeys(scene.size for scene in scenes):
        own = [i for i, scene in enumerate(scenes) if scene.size == size]
        for piece in (own[start : start + PIECE] for start in range(0, len(own), PIECE)):
            drawn.update(zip(piece, to_images(render([scenes[i] for i in piece], device)), strict=True))
    return [drawn[i] for i in range(len(scenes))]
