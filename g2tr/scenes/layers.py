"""Scenes as tensors: the k-th things of many scenes, painted at the same time, and the pixels they cover."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from g2tr.scenes.font import ADVANCE, CHARACTERS, HEIGHT, WIDTH, bits
from g2tr.scenes.scene import Scene, Thing
from g2tr.scenes.shapes import DISTANCES
from g2tr.scenes.words import COLOURS, DARK

LONGEST = 3


@dataclass(frozen=True, eq=False)
class Layer:
    """One thing each of n scenes: `scenes` says whose, `members` which rows have a shape; lengths in px."""

    scenes: Int[Tensor, " n"]
    x: Float[Tensor, "n 1 1"]
    y: Float[Tensor, "n 1 1"]
    radius: Float[Tensor, "n 1 1"]
    dot: Float[Tensor, "n 1 1"]
    length: Float[Tensor, "n 1 1"]
    glyphs: Int[Tensor, "n c"]
    colour: Float[Tensor, "n 3"]
    ink: Float[Tensor, "n 3"]
    members: Mapping[str, slice]
    reach: int


@dataclass(frozen=True, eq=False)
class Patch:
    """Pixels around the centres of a layer's things: their columns and rows in the image, `step` px apart."""

    columns: Int[Tensor, "n 1 p"]
    rows: Int[Tensor, "n p 1"]
    step: int = 1

    def across(self, layer: Layer) -> Float[Tensor, "n 1 p"]:
        """Offsets of the pixel centres to the right of the things' centres, px."""
        return self.columns + 0.5 * self.step - layer.x

    def down(self, layer: Layer) -> Float[Tensor, "n p 1"]:
        """Offsets of the pixel centres below the things' centres, px."""
        return self.rows + 0.5 * self.step - layer.y


@dataclass(frozen=True, eq=False)
class LayerTable:
    """The things of many scenes as numbers, layer by layer from the bottom to the top, and by shape within a layer.

    `rows` says where each layer stands in the table, `members` where each shape stands in its layer, `reaches` how far
    its largest thing reaches, px. One tensor, so that it travels fast between processes and to a device.
    """

    table: Float[Tensor, "t 15"]
    rows: tuple[slice, ...]
    members: tuple[Mapping[str, slice], ...]
    reaches: tuple[int, ...]

    def layers(self, device: torch.device) -> list[Layer]:
        """The layers on a device."""
        table = self.table.to(device, non_blocking=True)
        parts = zip(self.rows, self.members, self.reaches, strict=True)
        return [layer(table[rows], members, reach) for rows, members, reach in parts]


def layer_table(scenes: Sequence[Scene]) -> LayerTable:
    """The things of scenes as numbers."""
    depth = max((len(scene.things) for scene in scenes), default=0)
    owned = [[(i, scene.things[k]) for i, scene in enumerate(scenes) if len(scene.things) > k] for k in range(depth)]
    for own in owned:
        own.sort(key=lambda pair: pair[1].shape)
    numbered = [numbers(owner, thing) for own in owned for owner, thing in own]
    ends = [0, *accumulate(map(len, owned))]
    return LayerTable(
        torch.tensor(numbered, dtype=torch.float32).view(-1, 15),
        tuple(slice(*pair) for pair in pairwise(ends)),
        tuple(shape_slices([thing.shape for _, thing in own]) for own in owned),
        tuple(max(thing.reach for _, thing in own) for own in owned),
    )


def shape_slices(shapes: Sequence[str]) -> dict[str, slice]:
    """Where each shape stands among sorted ones."""
    ends = [0, *accumulate(len(list(group)) for _, group in groupby(shapes))]
    return {shapes[start]: slice(start, stop) for start, stop in pairwise(ends)}


def layers(scenes: Sequence[Scene], device: torch.device) -> list[Layer]:
    """The layers of scenes from the bottom to the top."""
    return layer_table(scenes).layers(device)


def layer(table: Float[Tensor, "n 15"], members: Mapping[str, slice], reach: int) -> Layer:
    """One layer out of its numbers."""
    x, y, radius, dot, length = table[:, 1:6, None, None].unbind(1)
    return Layer(
        table[:, 0].long(),
        x,
        y,
        radius,
        dot,
        length,
        glyphs=table[:, 6:9].long(),
        colour=table[:, 9:12] / 255,
        ink=table[:, 12:15],
        members=members,
        reach=reach,
    )


def numbers(owner: int, thing: Thing) -> list[int]:
    """A thing as a row: owner, centre, radius, dot, label length, glyphs, colour, ink."""
    glyphs = [CHARACTERS.index(character) for character in thing.label]
    padded = glyphs + [0] * (LONGEST - len(glyphs))
    ink = [int(thing.colour in DARK)] * 3
    return [owner, thing.x, thing.y, thing.radius, thing.dot, len(glyphs), *padded, *COLOURS[thing.colour], *ink]


def patch(layer: Layer, reach: int, step: int = 1) -> Patch:
    """The pixels within `reach` px of each centre; with a step, the blocks of step x step pixels."""
    offsets = torch.arange(-(reach // step), reach // step + 1, device=layer.x.device) * step
    start = [(centre / step).floor().long() * step for centre in (layer.x, layer.y)]
    return Patch(start[0] + offsets, start[1] + offsets[:, None], step)


def coverage(layer: Layer, at: Patch) -> Float[Tensor, "n p p"]:
    """How much of each pixel a thing covers: clamp(1/2 - D r, 0, 1) of its signed distance D."""
    x, y = at.across(layer) / layer.radius, at.down(layer) / layer.radius
    covered = x.new_zeros(len(x), y.shape[1], x.shape[2])
    for shape, own in layer.members.items():
        covered[own] = (0.5 - DISTANCES[shape](x[own], y[own]) * layer.radius[own]).clamp(0, 1)
    return covered


def written(layer: Layer, at: Patch) -> Bool[Tensor, "n p p"]:
    """The pixels that the label's dots fill."""
    u = (at.across(layer) / layer.dot + (ADVANCE * layer.length - 1) / 2).floor().long()
    v = (at.down(layer) / layer.dot + HEIGHT / 2).floor().long()
    inside = (u >= 0) & (u < ADVANCE * layer.length) & (u % ADVANCE < WIDTH) & (v >= 0) & (v < HEIGHT)
    font = torch.tensor(bits(), device=u.device)
    place = (u // ADVANCE).clamp(0, LONGEST - 1)
    glyph = layer.glyphs.gather(1, place[:, 0])[:, None]
    dots = font[glyph, v.clamp(0, HEIGHT - 1), (u % ADVANCE).clamp(0, WIDTH - 1)]
    return inside & dots


def label_box(layer: Layer, at: Patch) -> Bool[Tensor, "n p p"]:
    """The pixels of the box around the label, empty where there is none."""
    width = (ADVANCE * layer.length - 1) * layer.dot / 2
    return (at.across(layer).abs() <= width) & (at.down(layer).abs() <= HEIGHT * layer.dot / 2) & (layer.length > 0)
