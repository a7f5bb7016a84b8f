"""Selection of an even grid that ignores the scores: the baseline of doing nothing clever."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Uniform:
    """a = round(√(k·h/w)) rows evenly spaced, k shared out evenly among them, columns evenly spaced in each.

    Evenly spaced means the middle of each of m equal parts, the upper or left one of two: ⌊((2i+1)·h - 1) / 2m⌋.
    With k = n/s² on sides that s divides, these are the middles of s x s blocks, and merging into the `spatial`
    neighbour is mean pooling. Tokens that an earlier step left are spaced in raster order. No published source.
    """

    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        h, w = tokens.grid if len(scores) == tokens.grid[0] * tokens.grid[1] else (1, len(scores))
        rows = min(h, k, max(-(-k // w), round((k * h / w) ** 0.5)))
        slot = torch.arange(k, device=scores.device)
        row = slot * rows // k
        first, following = (-(-i * k // rows) for i in (row, row + 1))  # ⌈i·k/a⌉: the first slot of row i
        return middles(row, rows, h) * w + middles(slot - first, following - first, w)


def middles(i: Int[Tensor, " k"], parts: Int[Tensor, " k"] | int, side: int) -> Int[Tensor, " k"]:
    """The middle of part i when a side is cut into equal parts."""
    return ((2 * i + 1) * side - 1) // (2 * parts)
