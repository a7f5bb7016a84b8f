"""Selection that leaves no region of the image empty, in regions that follow the budget."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.grid_maps import even_cells
from g2tr.reducers.selection.balanced import seeds_first
from g2tr.reducers.tokens import Grid, VisualTokens


@dataclass(frozen=True)
class Coverage:
    """argmax_S Σ_{i∈S} s_i subject to |S| = k and one token of each of about `share`·k equal regions of the grid.

    The rule of G²TR with regions that grow and shrink with the budget instead of anchor cells, which at a small
    budget take nearly all places. Share 0 is top-k; share 1 takes the best token of every region. No published source.
    """

    share: float = 0.5
    requires: ClassVar[frozenset[type]] = frozenset()

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"selection.share must lie between 0 and 1, got {self.share!r}")

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        cells = even_cells(tokens.places, tokens.grid, regions(tokens.grid, round(self.share * k)))
        return seeds_first(scores, cells, k)


def regions(grid: Grid, count: int) -> Grid:
    """The lattice of at most `count` regions that is most like the grid in shape."""
    rows = min(grid[0], max(1, round((max(1, count) * grid[0] / grid[1]) ** 0.5)))
    return rows, min(grid[1], max(1, count // rows))
