"""Scenes as numbers that one process draws and another paints, and the painting.

Axes: b scenes, t things, s specks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.scenes.layers import Layer, LayerTable, coverage, layer_table, patch, written
from g2tr.scenes.noise import lattice
from g2tr.scenes.scene import Background, Scene, Size
from g2tr.scenes.textures import TEXTURES, Ground
from g2tr.scenes.words import BACKGROUNDS, COLOURS

SPECK = 16


@dataclass(frozen=True, eq=False)
class Canvas:
    """All that a picture needs, without a pixel: grounds, specks and layers of scenes of one size.

    `textures` names each texture with the number of scenes that have it, in the order of `places`; `cells` are scene,
    row and column of the specks, `chances` what decides their place, size and colour.
    """

    size: Size
    colours: Float[Tensor, "b 3"]
    textures: tuple[tuple[str, int], ...]
    places: Int[Tensor, " b"]
    phases: Float[Tensor, " b"]
    seeds: Int[Tensor, " b"]
    cells: Int[Tensor, "s 3"]
    chances: Float[Tensor, "s 4"]
    things: LayerTable

    def pin_memory(self) -> "Canvas":
        """The same in page-locked memory, from which a GPU copies without waiting."""
        return replace(
            self,
            colours=self.colours.pin_memory(),
            places=self.places.pin_memory(),
            phases=self.phases.pin_memory(),
            seeds=self.seeds.pin_memory(),
            cells=self.cells.pin_memory(),
            chances=self.chances.pin_memory(),
            things=replace(self.things, table=self.things.table.pin_memory()),
        )


def canvas_of(scenes: Sequence[Scene]) -> Canvas:
    """The numbers of scenes of one size; always made on the CPU, so that every device paints the same world."""
    grounds = [scene.background for scene in scenes]
    order = sorted(range(len(grounds)), key=lambda i: grounds[i].texture)
    named = groupby(grounds[i].texture for i in order)
    seeds = torch.tensor([int(ground.phase * 2**31) for ground in grounds])
    cells, chances = speck_cells(grounds, seeds, scenes[0].size)
    return Canvas(
        scenes[0].size,
        torch.tensor([BACKGROUNDS[ground.colour] for ground in grounds], dtype=torch.float32) / 255,
        tuple((name, len(list(own))) for name, own in named),
        torch.tensor(order),
        torch.tensor([ground.phase for ground in grounds]),
        seeds,
        cells,
        chances,
        layer_table(scenes),
    )


def speck_cells(
    grounds: Sequence[Background], seeds: Int[Tensor, " b"], size: Size
) -> tuple[Int[Tensor, "s 3"], Float[Tensor, "s 4"]]:
    """The cells of 16 px that hold a speck, and four chances of each."""
    rows, columns = (side // SPECK for side in size)
    if not any(ground.clutter for ground in grounds):
        return torch.zeros(0, 3, dtype=torch.long), torch.zeros(0, 4)
    present, *chances = (lattice(seeds, rows, columns, salt) for salt in range(100, 105))
    share = torch.tensor([ground.clutter for ground in grounds])[:, None, None]
    cells = (present < share).nonzero()
    return cells, torch.stack([chance[tuple(cells.unbind(1))] for chance in chances], dim=1)


def paint(canvas: Canvas, device: torch.device) -> Float[Tensor, "b 3 h w"]:
    """Images in [0, 1], not rounded: the grounds, then the things from the bottom to the top."""
    pad = max(canvas.things.reaches, default=0)
    height, width = canvas.size
    picture = torch.zeros(len(canvas.colours), height + 2 * pad, width + 2 * pad, 3, device=device)
    inner = picture[:, pad : pad + height, pad : pad + width]
    inner.copy_(paint_grounds(canvas, device))
    for layer in canvas.things.layers(device):
        paint_layer(picture, layer, pad)
    return inner.permute(0, 3, 1, 2).clamp(0, 1)


def paint_layer(picture: Float[Tensor, "b hp wp 3"], layer: Layer, pad: int) -> None:
    """Lays the things of a layer, and their labels, over pictures with a border of `pad` px."""
    at = patch(layer, layer.reach)
    place = (layer.scenes[:, None, None], at.rows + pad, at.columns + pad)
    alpha, ink = coverage(layer, at)[..., None], written(layer, at)[..., None]
    colour = layer.colour[:, None, None]
    mixed = (1 - alpha) * picture[place] + alpha * colour
    picture[place] = torch.where(ink, layer.ink[:, None, None], mixed)


def paint_grounds(canvas: Canvas, device: torch.device) -> Float[Tensor, "b h w 3"]:
    """Base colour + 0.06 · texture, then the specks."""
    base = canvas.colours.to(device, non_blocking=True)
    picture = base[:, None, None] + 0.06 * paint_textures(canvas, device)[..., None]
    if len(canvas.cells):
        scatter_specks(picture, canvas)
    return picture


def paint_textures(canvas: Canvas, device: torch.device) -> Float[Tensor, "b h w"]:
    """The texture of every ground, each texture drawn once for all that have it."""
    order, phases, seeds = (x.to(device, non_blocking=True) for x in (canvas.places, canvas.phases, canvas.seeds))
    x, y = (torch.arange(side, device=device) + 0.5 for side in canvas.size[::-1])
    fields = torch.zeros(len(order), *canvas.size, device=device)
    ends = accumulate(count for _, count in canvas.textures)
    for (name, count), end in zip(canvas.textures, ends, strict=True):
        own = order[end - count : end]
        phase = 6.2832 * phases[own][:, None, None]
        fields[own] = TEXTURES[name](Ground(x[None, None], y[None, :, None], phase, seeds[own]))
    return fields


def scatter_specks(picture: Float[Tensor, "b h w 3"], canvas: Canvas) -> None:
    """Paints coloured discs of 2 to 3.5 px radius, at most one per cell of 16 px: contrast that means nothing."""
    device = picture.device
    cells, chances = (x.to(device, non_blocking=True)[:, :, None, None] for x in (canvas.cells, canvas.chances))
    across, down, large, hue = chances.unbind(1)
    image, row, column = cells.unbind(1)
    pixels = torch.arange(SPECK, device=device)
    place = (image, SPECK * row + pixels[:, None], SPECK * column + pixels)
    distance = ((pixels - 3.5 - 8 * across).square() + (pixels[:, None] - 3.5 - 8 * down).square()).sqrt()
    alpha = (0.5 + 2 + 1.5 * large - distance).clamp(0, 1)[..., None]
    palette = torch.tensor(list(COLOURS.values()), device=device) / 255
    colour = palette[(hue * len(COLOURS)).long().clamp(max=len(COLOURS) - 1)]
    picture[place] = (1 - alpha) * picture[place] + alpha * colour
