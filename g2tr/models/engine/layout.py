"""Packed layouts: where the rows of a block go when one or several samples share a forward pass.

A block is what one call adds to each sample: a text, an image, or the noisy latents of a denoising step.
Query rows are the new rows of all samples, one after the other. Key rows interleave, sample by sample,
the rows already cached and the new ones: [cache 0][new 0][cache 1][new 1] …
Source: `prepare_*` of the official BAGEL code; models-bagel.md sections 7 and 8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Layout:
    """Rows of one packed block: `lengths` new rows behind `cached` rows, for each sample.

    `new` and `old` are the places of new and cached rows among the key rows (t new, c cached). `bias` is added to
    the attention logits of each sample's key rows; it is empty where no sample has any.
    """

    lengths: tuple[int, ...]
    cached: tuple[int, ...]
    new: Int[Tensor, " t"]
    old: Int[Tensor, " c"]
    bias: tuple[Float[Tensor, " _keys"], ...] = ()

    @property
    def totals(self) -> tuple[int, ...]:
        """Rows of each sample after the block."""
        return tuple(length + old for length, old in zip(self.lengths, self.cached, strict=True))


def pack(lengths: Sequence[int], cached: Sequence[int], device: torch.device | None = None) -> Layout:
    """The layout of a block that adds `lengths[i]` rows to sample i, which has `cached[i]` rows already."""
    totals = [new + old for new, old in zip(lengths, cached, strict=True)]
    starts = list(accumulate(totals, initial=0))[:-1]
    new = [torch.arange(s + old, s + total) for s, old, total in zip(starts, cached, totals, strict=True)]
    old = [torch.arange(s, s + old) for s, old in zip(starts, cached, strict=True)]
    return Layout(tuple(lengths), tuple(cached), torch.cat(new).to(device), torch.cat(old).to(device))


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Query rows of image blocks, each [start marker, tokens, end marker]."""

    lengths: tuple[int, ...]
    markers: Int[Tensor, " markers"]
    tokens: Int[Tensor, " tokens"]


def image_rows(counts: Sequence[int], device: torch.device | None = None) -> ImageRows:
    """Rows of one image block per sample with `counts[i]` tokens: after a reduction, the kept ones."""
    lengths = [count + 2 for count in counts]
    starts = list(accumulate(lengths, initial=0))[:-1]
    markers = torch.tensor([[s, s + length - 1] for s, length in zip(starts, lengths, strict=True)])
    tokens = torch.cat([torch.arange(s + 1, s + 1 + count) for s, count in zip(starts, counts, strict=True)])
    return ImageRows(tuple(lengths), markers.flatten().to(device), tokens.to(device))


def image_positions(
    lengths: Sequence[int], ropes: Sequence[int], device: torch.device | None = None
) -> Int[Tensor, " t"]:
    """All rows of an image block share the sample's next position, so a reduction changes none."""
    return torch.repeat_interleave(torch.tensor(ropes), torch.tensor(lengths)).to(device)


def text_positions(
    lengths: Sequence[int], ropes: Sequence[int], device: torch.device | None = None
) -> Int[Tensor, " t"]:
    """Rows of a text block take the sample's next positions, one each."""
    return torch.cat([torch.arange(r, r + n) for r, n in zip(ropes, lengths, strict=True)]).to(device)


def grid_positions(grid: tuple[int, int], side: int, device: torch.device | None = None) -> Int[Tensor, " n"]:
    """Rows of a `side` x `side` position table for the cells of a grid: r·side + c."""
    return (torch.arange(grid[0])[:, None] * side + torch.arange(grid[1])).flatten().to(device)
