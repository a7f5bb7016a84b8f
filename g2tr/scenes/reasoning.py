"""The further edits of v2, which must be understood before they can be carried out."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from g2tr.scenes.edits import Edit
from g2tr.scenes.reading import with_largest_digit, word_signs
from g2tr.scenes.scene import Scene, Thing
from g2tr.scenes.words import COLOURS, SIGNS

APART = 10
SIDES: dict[str, Callable[[Thing, Thing], int]] = {
    "left": lambda thing, mark: mark.x - thing.x,
    "right": lambda thing, mark: thing.x - mark.x,
    "above": lambda thing, mark: mark.y - thing.y,
    "below": lambda thing, mark: thing.y - mark.y,
}


def removelargest(scene: Scene, rng: Random) -> Edit | None:
    """Remove the object with the largest digit."""
    gone = with_largest_digit(scene)
    if gone is None:
        return None
    return Edit("remove the object with the largest digit", scene.without(lambda thing: thing is gone))


def clear(scene: Scene, rng: Random) -> Edit | None:
    """Remove all {colour} objects: of a colour that two or more have, but not all."""
    colours = [colour for colour, count in scene.colours.items() if 2 <= count < len(scene.things)]
    if not colours:
        return None
    colour = rng.choice(colours)
    return Edit(f"remove all {colour} objects", scene.without(lambda thing: thing.colour == colour))


def swap(scene: Scene, rng: Random) -> Edit | None:
    """Swap the {c s} and the {c s}: their centres change places, their painting order stays."""
    if len(scene.things) < 2:
        return None
    one, other = rng.sample(scene.things, 2)
    spot = {one: other, other: one}

    def trade(thing: Thing) -> Thing:
        to = spot.get(thing, thing)
        return replace(thing, row=to.row, column=to.column, dx=to.dx, dy=to.dy)

    return Edit(f"swap the {one.name} and the {other.name}", scene.changed(trade))


def side(scene: Scene, rng: Random) -> Edit | None:
    """Make everything left / right / above / below of the {shape} {colour}: by centres, none within 10 px of the line.

    The shape occurs once, and at least one thing changes.
    """
    mark, (word, offset) = rng.choice(scene.things), rng.choice(list(SIDES.items()))
    others = [offset(thing, mark) for thing in scene.things if thing is not mark]
    unclear = mark not in scene.single(lambda thing: thing.shape) or any(abs(far) < APART for far in others)
    colour = rng.choice(list(COLOURS))
    beyond = [thing for thing in scene.things if offset(thing, mark) > 0]
    if unclear or all(thing.colour == colour for thing in beyond):
        return None
    text = f"make everything {word} of the {mark.shape} {colour}"
    return Edit(text, scene.changed(lambda thing: replace(thing, colour=colour) if thing in beyond else thing))


def rewrite(scene: Scene, rng: Random) -> Edit | None:
    """Change the word on the {colour} sign to {word}."""
    found = word_signs(scene)
    if not found:
        return None
    thing = rng.choice(found)
    word = rng.choice([word for word in SIGNS if word != thing.label])
    return Edit(f"change the word on the {thing.name} to {word}", scene.swapped(thing, replace(thing, label=word)))
