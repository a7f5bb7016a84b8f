"""The ten questions of v1: each function asks one about a scene, or nothing where the scene does not allow it."""

from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

from g2tr.scenes.scene import Cell, Scene, Thing
from g2tr.scenes.words import COLOURS, NUMBERS, SHAPES

APART = 20


class Question(NamedTuple):
    """A question and its exact answer."""

    text: str
    answer: str


Ask = Callable[[Scene, Random], Question | None]


def exist(scene: Scene, rng: Random) -> Question | None:
    """Is there a {c s} ? Half the time there is; else a mixture of two things or any pair that is absent."""
    if rng.random() < 0.5:
        return Question(f"is there a {rng.choice(scene.things).name} ?", "yes")
    while True:
        mixed = rng.random() < 0.6
        shape = rng.choice(scene.things).shape if mixed else rng.choice(SHAPES)
        colour = rng.choice(scene.things).colour if mixed else rng.choice(list(COLOURS))
        if (shape, colour) not in scene.kinds:
            return Question(f"is there a {colour} {shape} ?", "no")


def color(scene: Scene, rng: Random) -> Question | None:
    """What color is the {shape} ? Of a shape that occurs once."""
    thing = one_of(scene.single(lambda thing: thing.shape), rng)
    return Question(f"what color is the {thing.shape} ?", thing.colour) if thing else None


def shape(scene: Scene, rng: Random) -> Question | None:
    """What shape is {colour} ? Of a colour that occurs once."""
    thing = one_of(scene.single(lambda thing: thing.colour), rng)
    return Question(f"what shape is {thing.colour} ?", thing.shape) if thing else None


def at(scene: Scene, rng: Random) -> Question | None:
    """What is at row {n} column {n} ? In three of four cases something."""
    cell = rng.choice(scene.free) if scene.free and rng.random() < 0.25 else rng.choice(scene.things).cell
    answer = scene.occupied[cell].name if cell in scene.occupied else "nothing"
    return Question(f"what is at {place(cell)} ?", answer)


def countshape(scene: Scene, rng: Random) -> Question | None:
    """How many {shape} objects are there ? In four of five cases at least one."""
    asked = rng.choice(scene.things).shape if rng.random() < 0.8 else rng.choice(SHAPES)
    return Question(f"how many {asked} objects are there ?", NUMBERS[scene.shapes[asked]])


def countcolor(scene: Scene, rng: Random) -> Question | None:
    """How many {colour} objects are there ? In four of five cases at least one."""
    asked = rng.choice(scene.things).colour if rng.random() < 0.8 else rng.choice(list(COLOURS))
    return Question(f"how many {asked} objects are there ?", NUMBERS[scene.colours[asked]])


def digit(scene: Scene, rng: Random) -> Question | None:
    """What digit is on the {c s} ?"""
    thing = one_of([thing for thing in scene.things if thing.digit >= 0], rng)
    return Question(f"what digit is on the {thing.name} ?", NUMBERS[thing.digit]) if thing else None


def relation(scene: Scene, rng: Random) -> Question | None:
    """Is the {c s} left / right / above / below of the {c s} ? Of centres at least 20 px apart along that axis."""
    side, sign = rng.choice([("left", -1), ("right", 1), ("above", -1), ("below", 1)])
    across = side in ("left", "right")

    def along(one: Thing, other: Thing) -> int:
        return one.x - other.x if across else one.y - other.y

    pairs = [(a, b) for a in scene.things for b in scene.things if abs(along(a, b)) >= APART]
    if not pairs:
        return None
    one, other = rng.choice(pairs)
    answer = "yes" if sign * along(one, other) > 0 else "no"
    return Question(f"is the {one.name} {side} of the {other.name} ?", answer)


def size(scene: Scene, rng: Random) -> Question | None:
    """Is the {c s} large / small ?"""
    thing, word = rng.choice(scene.things), rng.choice(("large", "small"))
    return Question(f"is the {thing.name} {word} ?", "yes" if thing.size == word else "no")


def bg(scene: Scene, rng: Random) -> Question | None:
    """What color is the background ?"""
    return Question("what color is the background ?", scene.background.colour)


def one_of(things: Sequence[Thing], rng: Random) -> Thing | None:
    """One of the things, none where there is none."""
    return rng.choice(things) if things else None


def place(cell: Cell) -> str:
    """A cell in words."""
    return f"row {NUMBERS[cell[0] + 1]} column {NUMBERS[cell[1] + 1]}"
