"""The questions of v2 about two images: each function takes two scenes and says which two it asks about."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from g2tr.scenes.edits import digit, recolor, remove
from g2tr.scenes.scene import Scene
from g2tr.scenes.words import COLOURS, NUMBERS


class Pair(NamedTuple):
    """Two scenes in reading order, a question about both and its exact answer."""

    scenes: tuple[Scene, Scene]
    text: str
    answer: str


Compare = Callable[[Scene, Scene, Random], Pair | None]


def same(first: Scene, second: Scene, rng: Random) -> Pair | None:
    """Are the two images the same ? Else they differ by one colour, digit or object."""
    text = "are the two images the same ?"
    if rng.random() < 0.5:
        return Pair((first, first), text, "yes")
    edits = [edit for edit in (change(first, rng) for change in (recolor, digit, remove)) if edit]
    return Pair((first, rng.choice(edits).scene), text, "no")


def missing(first: Scene, second: Scene, rng: Random) -> Pair | None:
    """What is missing in the second image ?"""
    gone = rng.choice(first.things)
    rest = first.without(lambda thing: thing is gone)
    return Pair((first, rest), "what is missing in the second image ?", gone.name)


def surplus(first: Scene, second: Scene, rng: Random) -> Pair | None:
    """How many more {colour} objects are in the first image ? At least as many as in the second."""
    extras = [(colour, count - second.colours[colour]) for colour, count in first.colours.items()]
    found = [(colour, extra) for colour, extra in extras if 0 <= extra < len(NUMBERS)]
    if not found:
        return None
    colour, extra = rng.choice(found)
    return Pair((first, second), f"how many more {colour} objects are in the first image ?", NUMBERS[extra])


def which(first: Scene, second: Scene, rng: Random) -> Pair | None:
    """Which image has a {c s} ? First, second, both or neither."""
    thing = rng.choice((*first.things, *second.things))
    shared = first.kinds & second.kinds
    kind = rng.choice(sorted(shared)) if shared and rng.random() < 0.4 else thing.kind
    if rng.random() < 0.15:
        kind = (thing.shape, rng.choice(list(COLOURS)))
    answer = (("neither", "second"), ("first", "both"))[kind in first.kinds][kind in second.kinds]
    return Pair((first, second), f"which image has a {kind[1]} {kind[0]} ?", answer)
