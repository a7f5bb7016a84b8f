"""What a picture shows: things on a grid of cells, and a background."""

import math
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from functools import cached_property

from g2tr.scenes.words import NUMBERS, SIGN, spell

CELL = 56
SMALL, LARGE = 14, 23
DIGITS_FIT = frozenset({"circle", "square"})
Size = tuple[int, int]
Cell = tuple[int, int]


@dataclass(frozen=True)
class Background:
    """A colour with a texture; `phase` in [0, 1) moves or seeds it, `clutter` is the share of cells with a speck."""

    colour: str
    texture: str = "plain"
    phase: float = 0.0
    clutter: float = 0.0


@dataclass(frozen=True)
class Thing:
    """One object. `radius`, `dx` and `dy` in px; `label` is a digit, a sign's three letters, or empty."""

    row: int
    column: int
    shape: str
    colour: str
    radius: int = LARGE
    dx: int = 0
    dy: int = 0
    label: str = ""

    @property
    def x(self) -> int:
        """Centre in px from the left edge."""
        return CELL * self.column + CELL // 2 + self.dx

    @property
    def y(self) -> int:
        """Centre in px from the top edge."""
        return CELL * self.row + CELL // 2 + self.dy

    @property
    def cell(self) -> Cell:
        return self.row, self.column

    @property
    def kind(self) -> tuple[str, str]:
        """Shape and colour, which no other thing of its scene shares."""
        return self.shape, self.colour

    @property
    def name(self) -> str:
        return f"{self.colour} {self.shape}"

    @property
    def large(self) -> bool:
        return self.radius > (SMALL + LARGE) // 2

    @property
    def size(self) -> str:
        return "large" if self.large else "small"

    @property
    def digit(self) -> int:
        """The digit on it, -1 if there is none."""
        return int(self.label) if self.label.isdigit() else -1

    @property
    def dot(self) -> int:
        """Side of a dot of its label, px."""
        return 3 if self.large else 2

    @property
    def reach(self) -> int:
        """Half the side of a box around its centre that holds all of it, px."""
        return math.ceil(self.radius * (1.36 if self.shape == SIGN else 1.12)) + 1

    @property
    def caption(self) -> str:
        words = (self.size, self.colour, self.shape, NUMBERS[self.row + 1], NUMBERS[self.column + 1], spell(self.label))
        return " ".join(word for word in words if word)

    def moved(self, cell: Cell) -> "Thing":
        """The same in the centre of another cell."""
        return replace(self, row=cell[0], column=cell[1], dx=0, dy=0)

    def reshaped(self, shape: str) -> "Thing":
        """In another shape, without its label where that shape can carry none."""
        return replace(self, shape=shape, label=self.label if shape in DIGITS_FIT and self.digit >= 0 else "")

    def resized(self) -> "Thing":
        """Of the other standard size."""
        return replace(self, radius=SMALL if self.large else LARGE)


@dataclass(frozen=True)
class Scene:
    """Things in painting order over a background; `size` is (height, width) in px, `limit` the most things it takes.

    Things lie in different cells and differ in shape or colour. A thing is in the cell that holds its centre.
    """

    size: Size
    background: Background
    things: tuple[Thing, ...]
    limit: int = 6

    @cached_property
    def cells(self) -> list[Cell]:
        height, width = self.size
        return [(row, column) for row in range(height // CELL) for column in range(width // CELL)]

    @cached_property
    def occupied(self) -> dict[Cell, Thing]:
        return {thing.cell: thing for thing in self.things}

    @cached_property
    def free(self) -> list[Cell]:
        return [cell for cell in self.cells if cell not in self.occupied]

    @cached_property
    def kinds(self) -> frozenset[tuple[str, str]]:
        return frozenset(thing.kind for thing in self.things)

    @property
    def caption(self) -> str:
        """Every thing in raster order of the cells: size, colour, shape, row, column and what is written on it."""
        return " ".join(self.occupied[cell].caption for cell in self.cells if cell in self.occupied)

    @cached_property
    def shapes(self) -> Counter[str]:
        """How many things have each shape."""
        return Counter(thing.shape for thing in self.things)

    @cached_property
    def colours(self) -> Counter[str]:
        """How many things have each colour."""
        return Counter(thing.colour for thing in self.things)

    def single(self, key: Callable[[Thing], Hashable]) -> list[Thing]:
        """The things whose key no other thing has."""
        keys = [key(thing) for thing in self.things]
        return [thing for thing, own in zip(self.things, keys, strict=True) if keys.count(own) == 1]

    def changed(self, change: Callable[[Thing], Thing]) -> "Scene":
        """The same scene with every thing replaced by its change."""
        return replace(self, things=tuple(map(change, self.things)))

    def swapped(self, old: Thing, new: Thing) -> "Scene":
        """The same scene with one thing replaced."""
        return self.changed(lambda thing: new if thing is old else thing)

    def without(self, gone: Callable[[Thing], bool]) -> "Scene":
        """The same scene without the things that are gone."""
        return replace(self, things=tuple(thing for thing in self.things if not gone(thing)))
