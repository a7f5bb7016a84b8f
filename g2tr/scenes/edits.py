"""The eight edits of v1: each function draws an instruction for a scene and the scene that it asks for.

None where the scene does not allow the edit. What the instruction does not name stays, to the pixel.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import NamedTuple

from g2tr.scenes.questions import place
from g2tr.scenes.scene import LARGE, SMALL, Scene, Thing
from g2tr.scenes.words import BACKGROUNDS, COLOURS, NUMBERS, SHAPES


class Edit(NamedTuple):
    """An instruction and the scene after it."""

    instruction: str
    scene: Scene


Change = Callable[[Scene, Random], Edit | None]


def recolor(scene: Scene, rng: Random) -> Edit | None:
    """Make the {c s} {colour}: a pair that the scene lacks."""
    thing = rng.choice(scene.things)
    colour = rng.choice([colour for colour in COLOURS if (thing.shape, colour) not in scene.kinds] or [thing.colour])
    if colour == thing.colour:
        return None
    return Edit(f"make the {thing.name} {colour}", scene.swapped(thing, replace(thing, colour=colour)))


def remove(scene: Scene, rng: Random) -> Edit | None:
    """Remove the {c s}."""
    gone = rng.choice(scene.things)
    return Edit(f"remove the {gone.name}", scene.without(lambda thing: thing is gone))


def add(scene: Scene, rng: Random) -> Edit | None:
    """Add a {large/small} {c s} at row {n} column {n}: a pair that the scene lacks, in an empty cell, on top."""
    if len(scene.things) >= scene.limit or not scene.free:
        return None
    kinds = [(shape, colour) for shape in SHAPES for colour in COLOURS if (shape, colour) not in scene.kinds]
    cell, kind = rng.choice(scene.free), rng.choice(kinds)
    thing = Thing(*cell, *kind, radius=rng.choice((SMALL, LARGE)))
    return Edit(f"add a {thing.size} {thing.name} at {place(cell)}", replace(scene, things=(*scene.things, thing)))


def move(scene: Scene, rng: Random) -> Edit | None:
    """Move the {c s} to row {n} column {n}: the centre of an empty cell, in the same painting order."""
    if not scene.free:
        return None
    thing, cell = rng.choice(scene.things), rng.choice(scene.free)
    return Edit(f"move the {thing.name} to {place(cell)}", scene.swapped(thing, thing.moved(cell)))


def reshape(scene: Scene, rng: Random) -> Edit | None:
    """Turn the {c s} into a {shape}: a pair that the scene lacks; a digit stays only on circles and squares."""
    thing = rng.choice(scene.things)
    shapes = [shape for shape in SHAPES if (shape, thing.colour) not in scene.kinds]
    if not shapes:
        return None
    shape = rng.choice(shapes)
    return Edit(f"turn the {thing.name} into a {shape}", scene.swapped(thing, thing.reshaped(shape)))


def bg(scene: Scene, rng: Random) -> Edit | None:
    """Make the background {background}: texture and phase stay."""
    colour = rng.choice([colour for colour in BACKGROUNDS if colour != scene.background.colour])
    ground = replace(scene.background, colour=colour)
    return Edit(f"make the background {colour}", replace(scene, background=ground))


def digit(scene: Scene, rng: Random) -> Edit | None:
    """Change the digit on the {c s} to {number}."""
    numbered = [thing for thing in scene.things if thing.digit >= 0]
    if not numbered:
        return None
    thing = rng.choice(numbered)
    number = rng.choice([number for number in range(10) if number != thing.digit])
    text = f"change the digit on the {thing.name} to {NUMBERS[number]}"
    return Edit(text, scene.swapped(thing, replace(thing, label=str(number))))


def resize(scene: Scene, rng: Random) -> Edit | None:
    """Make the {c s} {large/small}: the standard radius of the other size."""
    thing = rng.choice(scene.things)
    other = thing.resized()
    return Edit(f"make the {thing.name} {other.size}", scene.swapped(thing, other))
