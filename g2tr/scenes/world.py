"""A world: which scenes there are, and what is asked and told about them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from typing import NamedTuple

from g2tr.scenes.edits import Change
from g2tr.scenes.pairs import Compare
from g2tr.scenes.questions import Ask, Question
from g2tr.scenes.scene import CELL, DIGITS_FIT, LARGE, SMALL, Background, Cell, Scene, Size, Thing
from g2tr.scenes.visible import uncluttered
from g2tr.scenes.words import BACKGROUNDS, COLOURS, CONSONANTS, SHAPES, SIGN, SIGNS

Range = tuple[int, int]
FEWEST = 3


class Asked(NamedTuple):
    """A question of a category, and its exact answer."""

    category: str
    text: str
    answer: str


@dataclass(frozen=True)
class World:
    """A version of the world; everything random comes from the generator that is passed in.

    `density` bounds the share of cells with a thing, `palette` says how many shapes and colours one scene mixes,
    `jitter` bounds dx and dy in px, `small` and `large` bound the radii in px, `signs` their number, `clutter` the
    share of specks. Things of which less than `visible` is seen are left out; 0 leaves every scene as it is.
    """

    version: str
    sizes: tuple[Size, ...]
    edit_sizes: tuple[Size, ...]
    textures: tuple[str, ...]
    asks: tuple[Ask, ...]
    changes: tuple[Change, ...]
    compares: tuple[Compare, ...] = ()
    density: tuple[float, float] = (3 / 16, 6 / 16)
    palette: Range = (len(SHAPES), len(COLOURS))
    jitter: int = 6
    small: Range = (14, 14)
    large: Range = (23, 23)
    signs: Range = (0, 0)
    clutter: tuple[float, float] = (0.0, 0.0)
    visible: float = 0.0

    def scenes(self, rngs: Sequence[Random], sizes: Sequence[Size]) -> list[Scene]:
        """One scene of three or more things for each generator, of the size beside it."""
        drafts = [self.draft(rng, size) for rng, size in zip(rngs, sizes, strict=True)]
        found = uncluttered(drafts, self.visible)
        poor = [i for i, scene in enumerate(found) if len(scene.things) < FEWEST]
        again = iter(self.scenes([rngs[i] for i in poor], [sizes[i] for i in poor]) if poor else [])
        return [scene if len(scene.things) >= FEWEST else next(again) for scene in found]

    def draft(self, rng: Random, size: Size) -> Scene:
        """A scene in which things may still hide each other."""
        rows, columns = (side // CELL for side in size)
        least, most = (round(share * rows * columns) for share in self.density)
        cells = rng.sample(list(product(range(rows), range(columns))), rng.randint(least, most))
        signs = rng.randint(*self.signs)
        colours = rng.sample(list(COLOURS), self.palette[1])
        kinds = rng.sample(list(product(rng.sample(SHAPES, self.palette[0]), colours)), len(cells) - signs)
        kinds += [(SIGN, colour) for colour in rng.sample(colours, signs)]
        rng.shuffle(kinds)
        things = tuple(self.thing(rng, cell, kind, size) for cell, kind in zip(cells, kinds, strict=True))
        return Scene(size, self.background(rng), things, most)

    def background(self, rng: Random) -> Background:
        return Background(
            rng.choice(list(BACKGROUNDS)), rng.choice(self.textures), rng.random(), rng.uniform(*self.clutter)
        )

    def thing(self, rng: Random, cell: Cell, kind: tuple[str, str], size: Size) -> Thing:
        """A thing of this kind, near the centre of its cell."""
        radius = rng.randint(*rng.choice((self.small, self.large)))
        dx, dy = (rng.randint(-self.jitter, self.jitter) for _ in range(2))
        if kind[0] == SIGN:
            return sign(rng, Thing(*cell, *kind, radius, dx, dy), size)
        numbered = kind[0] in DIGITS_FIT and rng.random() < 0.6
        return Thing(*cell, *kind, radius, dx, dy, str(rng.randint(0, 9)) if numbered else "")

    def questions(self, scene: Scene, rng: Random) -> list[Asked]:
        """One question of each category that the scene allows, in the world's order."""
        return [found for found in (asked(ask, scene, rng) for ask in self.asks) if found]

    def some_questions(self, scene: Scene, rng: Random, count: int) -> list[Asked]:
        """`count` questions of categories drawn with equal probability among those that the scene allows."""
        found: list[Asked] = []
        while len(found) < count:
            question = asked(rng.choice(self.asks), scene, rng)
            if question:
                found.append(question)
        return found


def asked(ask: Ask, scene: Scene, rng: Random) -> Asked | None:
    """A question with the name of its category."""
    question: Question | None = ask(scene, rng)
    return Asked(category(ask), *question) if question else None


def category(draw: Ask | Change | Compare) -> str:
    """The category that a function draws: its name."""
    return draw.__name__


def sign(rng: Random, spot: Thing, size: Size) -> Thing:
    """A sign of a standard size with a word or a code, moved so far that it lies inside the picture."""
    radius = rng.choice((SMALL, LARGE))
    plate = replace(spot, radius=radius, label=written(rng))
    height, width = size
    x = min(max(plate.x, plate.reach), width - plate.reach)
    y = min(max(plate.y, radius), height - radius)
    return replace(plate, dx=plate.dx + x - plate.x, dy=plate.dy + y - plate.y)


def written(rng: Random) -> str:
    """A word or, as often, a code: three different consonants, which are never a word and hold no digit."""
    return rng.choice(SIGNS) if rng.random() < 0.5 else "".join(rng.sample(CONSONANTS, 3))
