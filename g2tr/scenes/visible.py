"""What can be seen of each thing, from the masks that the renderer paints with."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.scenes.layers import Layer, coverage, label_box, layers, patch
from g2tr.scenes.scene import Scene, Thing
from g2tr.scenes.threads import one_thread

CPU = torch.device("cpu")
LEGIBLE = 0.98
REACH = 36
STEP = 2
PIECE = 64


class Share(NamedTuple):
    """The visible shares of a thing and of the box around its label (1 without a label), 0 to 1."""

    body: float
    label: float

    def suffices(self, least: float) -> bool:
        """Whether at least the share `least` is seen and the label can be read."""
        return self.body >= least and self.label >= LEGIBLE


def shares(scenes: Sequence[Scene]) -> list[list[Share]]:
    """The visible share of every thing of every scene; what lies outside the picture is not seen.

    From the top layer to the bottom: a thing is seen where nothing above it covers. Measured on blocks of 2 x 2 px,
    always on the CPU, so that every device draws the same world.
    """
    with one_thread(CPU):
        pieces = [scenes[start : start + PIECE] for start in range(0, len(scenes), PIECE)]
        return [own for piece in pieces for own in shares_together(piece)]


def shares_together(scenes: Sequence[Scene]) -> list[list[Share]]:
    """The same for scenes that are measured at once."""
    free = uncovered(scenes)
    found: list[list[Share]] = [[] for _ in scenes]
    for layer in reversed(layers(scenes, CPU)):
        for owner, share in zip(layer.scenes.tolist(), uncover(free, layer), strict=True):
            found[owner].append(share)
    return [list(reversed(own)) for own in found]


def uncover(free: Float[Tensor, "b h w"], layer: Layer) -> list[Share]:
    """The visible shares of a layer's things, which are then taken from what is free."""
    at = patch(layer, REACH, STEP)
    place = (layer.scenes[:, None, None], (at.rows + REACH) // STEP, (at.columns + REACH) // STEP)
    seen, mask, box = free[place], coverage(layer, at), label_box(layer, at)
    free[place] = seen * (1 - mask)
    body = (mask * seen).sum((1, 2)) / mask.sum((1, 2))
    label = torch.where(box, seen, 0).sum((1, 2)) / box.sum((1, 2))
    return [Share(*share) for share in zip(body.tolist(), label.nan_to_num(1.0).tolist(), strict=True)]


def uncovered(scenes: Sequence[Scene]) -> Float[Tensor, "b h w"]:
    """1 inside each picture and 0 in a border of `REACH` px around it, on blocks of 2 x 2 px."""
    pad = REACH // STEP
    height, width = (max(scene.size[axis] for scene in scenes) // STEP for axis in (0, 1))
    free = torch.zeros(len(scenes), height + 2 * pad, width + 2 * pad)
    for canvas, scene in zip(free, scenes, strict=True):
        canvas[pad : pad + scene.size[0] // STEP, pad : pad + scene.size[1] // STEP] = 1
    return free


def settled(scenes: Sequence[Scene], least: float) -> list[bool]:
    """Whether each scene shows enough of all its things; all do where nothing need be seen."""
    if least == 0:
        return [True] * len(scenes)
    return [all(share.suffices(least) for share in own) for own in shares(scenes)]


def uncluttered(scenes: Sequence[Scene], least: float) -> list[Scene]:
    """The scenes without things too hidden to ask about; what stays is seen no less than before."""
    if least == 0:
        return list(scenes)
    apart = [unmixed(scene) for scene in scenes]
    return [
        replace(scene, things=tuple(t for t, share in zip(scene.things, own, strict=True) if share.suffices(least)))
        for scene, own in zip(apart, shares(apart), strict=True)
    ]


def unmixed(scene: Scene) -> Scene:
    """The scene without the lower of two things of one colour that come so close that their outlines may merge."""
    pairs = combinations(scene.things, 2)
    gone = {low.cell for low, high in pairs if low.colour == high.colour and boxes_meet(low, high)}
    return scene.without(lambda thing: thing.cell in gone)


def boxes_meet(one: Thing, other: Thing) -> bool:
    """Whether the boxes around two things overlap."""
    near = one.reach + other.reach
    return abs(one.x - other.x) < near and abs(one.y - other.y) < near
