"""The further questions of v2: to read, to compare, to find an object by what it is next to or carries."""

from math import hypot
from random import Random

from g2tr.scenes.questions import Question
from g2tr.scenes.scene import Scene, Thing
from g2tr.scenes.words import SIGN, SIGNS, spell

NEARER = 10


def word(scene: Scene, rng: Random) -> Question | None:
    """What word is on the {colour} sign ?"""
    return read(word_signs(scene), "word", rng)


def code(scene: Scene, rng: Random) -> Question | None:
    """What code is on the {colour} sign ? Answered letter by letter."""
    return read([thing for thing in signs(scene) if thing.label not in SIGNS], "code", rng)


def read(found: list[Thing], kind: str, rng: Random) -> Question | None:
    """What is written on one of these signs."""
    if not found:
        return None
    thing = rng.choice(found)
    return Question(f"what {kind} is on the {thing.name} ?", spell(thing.label))


def more(scene: Scene, rng: Random) -> Question | None:
    """Are there more {colour} objects than {colour} objects ? Of two colours of the scene that differ in number."""
    counts = scene.colours
    pairs = [(one, other) for one in counts for other in counts if counts[one] != counts[other]]
    if not pairs:
        return None
    one, other = rng.choice(pairs)
    answer = "yes" if counts[one] > counts[other] else "no"
    return Question(f"are there more {one} objects than {other} objects ?", answer)


def closest(scene: Scene, rng: Random) -> Question | None:
    """What is closest to the {c s} ? Of centres; the second closest is at least 10 px farther."""
    found = []
    for thing in scene.things:
        near = sorted((hypot(t.x - thing.x, t.y - thing.y), t.name) for t in scene.things if t is not thing)
        if len(near) > 1 and near[1][0] - near[0][0] >= NEARER:
            found.append(Question(f"what is closest to the {thing.name} ?", near[0][1]))
    return rng.choice(found) if found else None


def largest(scene: Scene, rng: Random) -> Question | None:
    """What is the object with the largest digit ? Of at least two digits, the largest on one object only."""
    thing = with_largest_digit(scene)
    return Question("what is the object with the largest digit ?", thing.name) if thing else None


def with_largest_digit(scene: Scene) -> Thing | None:
    """The thing with the largest digit, none where digits are fewer than two or the largest stands twice."""
    ranked = sorted((thing for thing in scene.things if thing.digit >= 0), key=lambda thing: -thing.digit)
    return ranked[0] if len(ranked) > 1 and ranked[0].digit > ranked[1].digit else None


def signs(scene: Scene) -> list[Thing]:
    """The signs of a scene."""
    return [thing for thing in scene.things if thing.shape == SIGN]


def word_signs(scene: Scene) -> list[Thing]:
    """The signs with a word."""
    return [thing for thing in signs(scene) if thing.label in SIGNS]
