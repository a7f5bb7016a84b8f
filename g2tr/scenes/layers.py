"""Scenes as tensors: the k-th things of many scenes, painted at the same time, and the pixels they cover."""

from collections.abc import Sequence
from dataclasses import dataclass

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
    """One thing each of n scenes: `scenes` says whose, `members` which of them have a shape; lengths in px."""

    scenes: Int[Tensor, " n"]
    x: Float[Tensor, "n 1 1"]
    y: Float[Tensor, "n 1 1"]
    radius: Float[Tensor, "n 1 1"]
    dot: Float[Tensor, "n 1 1"]
    length: Float[Tensor, "n 1 1"]
    glyphs: Int[Tensor, "n c"]
    colour: Float[Tensor, "n 3"]
    ink: Float[Tensor, "n 3"]
    members: dict[str, Int[Tensor, " s"]]
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


def layers(scenes: Sequence[Scene], device: torch.device) -> list[Layer]:
    """The layers of scenes from the bottom to the top."""
    depth = max((len(scene.things) for scene in scenes), default=0)
    held = [[(i, scene.things[k]) for i, scene in enumerate(scenes) if len(scene.things) > k] for k in range(depth)]
    return [layer([i for i, _ in own], [thing for _, thing in own], device) for own in held]


def layer(owners: Sequence[int], things: Sequence[Thing], device: torch.device) -> Layer:
    """One layer; the numbers travel to the device in one piece."""
    rows = [numbers(owner, thing) for owner, thing in zip(owners, things, strict=True)]
    table = torch.tensor(rows, dtype=torch.float32).to(device, non_blocking=True)
    x, y, radius, dot, length = table[:, 1:6, None, None].unbind(1)
    kinds: dict[str, list[int]] = {}
    for i, thing in enumerate(things):
        kinds.setdefault(thing.shape, []).append(i)
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
        members={shape: torch.tensor(own, device=device) for shape, own in kinds.items()},
        reach=max(thing.reach for thing in things),
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
