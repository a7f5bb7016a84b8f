"""Paints scenes, many at a time, on any device."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.scenes.layers import Layer, coverage, layers, patch, written
from g2tr.scenes.noise import lattice
from g2tr.scenes.scene import Background, Scene, Size
from g2tr.scenes.textures import TEXTURES, Ground
from g2tr.scenes.threads import one_thread
from g2tr.scenes.words import BACKGROUNDS, COLOURS

CPU = torch.device("cpu")
SPECK = 16
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
    """Images of scenes of one size: the grounds, then the things from the bottom to the top."""
    stack = layers(scenes, device)
    pad = max((layer.reach for layer in stack), default=0)
    height, width = scenes[0].size
    canvas = torch.zeros(len(scenes), height + 2 * pad, width + 2 * pad, 3, device=device)
    inner = canvas[:, pad : pad + height, pad : pad + width]
    inner.copy_(paint_grounds([scene.background for scene in scenes], (height, width), device))
    for layer in stack:
        paint(canvas, layer, pad)
    return inner.permute(0, 3, 1, 2).clamp(0, 1)


def paint(canvas: Float[Tensor, "b hp wp 3"], layer: Layer, pad: int) -> None:
    """Lays the things of a layer, and their labels, over a canvas with a border of `pad` px."""
    at = patch(layer, layer.reach)
    place = (layer.scenes[:, None, None], at.rows + pad, at.columns + pad)
    alpha, ink = coverage(layer, at)[..., None], written(layer, at)[..., None]
    colour = layer.colour[:, None, None]
    mixed = (1 - alpha) * canvas[place] + alpha * colour
    canvas[place] = torch.where(ink, layer.ink[:, None, None], mixed)


def paint_grounds(grounds: Sequence[Background], size: Size, device: torch.device) -> Float[Tensor, "b h w 3"]:
    """Base colour + 0.06 · texture, then the clutter."""
    bases = [BACKGROUNDS[ground.colour] for ground in grounds]
    base = torch.tensor(bases, dtype=torch.float32, device=device) / 255
    picture = base[:, None, None] + 0.06 * textured(grounds, size, device)[..., None]
    if any(ground.clutter for ground in grounds):
        scatter_specks(picture, grounds)
    return picture


def textured(grounds: Sequence[Background], size: Size, device: torch.device) -> Float[Tensor, "b h w"]:
    """The texture of every background, each texture drawn once for all that have it."""
    fields = torch.zeros(len(grounds), *size, device=device)
    for name in dict.fromkeys(ground.texture for ground in grounds):
        own = [i for i, ground in enumerate(grounds) if ground.texture == name]
        phase = torch.tensor([grounds[i].phase for i in own], device=device)
        x, y = (torch.arange(side, device=device) + 0.5 for side in size[::-1])
        seeds = seeds_of([grounds[i] for i in own], device)
        fields[own] = TEXTURES[name](Ground(x[None, None], y[None, :, None], 6.2832 * phase[:, None, None], seeds))
    return fields


def seeds_of(grounds: Sequence[Background], device: torch.device) -> Tensor:
    """Whole numbers from the phases."""
    return torch.tensor([int(ground.phase * 2**31) for ground in grounds], device=device)


def scatter_specks(picture: Float[Tensor, "b h w 3"], grounds: Sequence[Background]) -> None:
    """Paints coloured discs of 2 to 3.5 px radius, at most one per cell of 16 px: contrast that means nothing."""
    device = picture.device
    rows, columns = (side // SPECK for side in picture.shape[1:3])
    seeds = seeds_of(grounds, device)
    present, *chances = (lattice(seeds, rows, columns, salt) for salt in range(100, 105))
    share = torch.tensor([ground.clutter for ground in grounds], device=device)[:, None, None]
    cells = (present < share).nonzero(as_tuple=True)
    across, down, large, hue = (chance[cells][:, None, None] for chance in chances)
    pixels = torch.arange(SPECK, device=device)
    image, row, column = (index[:, None, None] for index in cells)
    place = (image, SPECK * row + pixels[:, None], SPECK * column + pixels)
    distance = ((pixels - 3.5 - 8 * across).square() + (pixels[:, None] - 3.5 - 8 * down).square()).sqrt()
    alpha = (0.5 + 2 + 1.5 * large - distance).clamp(0, 1)[..., None]
    palette = torch.tensor(list(COLOURS.values()), device=device) / 255
    colour = palette[(hue * len(COLOURS)).long().clamp(max=len(COLOURS) - 1)]
    picture[place] = (1 - alpha) * picture[place] + alpha * colour


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
