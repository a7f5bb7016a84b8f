"""What a context has read, for accounting: prefills, images, and what was made for the reducer alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Int
from torch import Tensor

from g2tr.reducers.tokens import Grid, Reduction, VisualTokens


@dataclass(frozen=True)
class BlockRows:
    """What one prefill read: new rows and cached rows in each layer, and both numbers without reduction."""

    rows: tuple[int, ...]
    cached: tuple[int, ...]
    full_rows: int
    full_cached: int


@dataclass(frozen=True)
class ProbeCost:
    """Evidence from one query row: rows that a layer projected for it alone, and the key rows that it was held to."""

    rows: int
    keys: int


@dataclass(frozen=True, eq=False)
class View:
    """One image as the language model got it: token grid, tokens that reached the last layer, assignment (`Reduction`).

    `read` counts the tokens that each layer computed, `cached` those that it keeps in its cache; `skipped_tokens` are
    tokens that the vision tower never made (`VisualTokens`).
    """

    grid: Grid
    kept: Int[Tensor, " k"]
    assignment: Int[Tensor, " n"]
    read: tuple[int, ...]
    cached: tuple[int, ...]
    skipped_tokens: int = 0

    @property
    def full(self) -> int:
        """How many tokens there would be without reduction."""
        return len(self.assignment) + self.skipped_tokens

    @classmethod
    def of(cls, tokens: VisualTokens, reduction: Reduction, layers: int) -> "View":
        """An image that was reduced before the first of `layers` layers."""
        alive = (len(reduction.kept),) * layers
        return cls(tokens.grid, reduction.kept.cpu(), reduction.assignment.cpu(), alive, alive, tokens.skipped_tokens)

    def within(self, reduction: Reduction, depth: int, evict_lower_layers: bool) -> "View":
        """The same image after its tokens were reduced again before layer `depth`.

        `evict_lower_layers` takes them out of the caches of the layers below as well.
        """
        kept, assignment = self.kept[reduction.kept.cpu()], reduction.assignment.cpu()
        assignment = torch.where(self.assignment >= 0, assignment[self.assignment], -1)
        start = 0 if evict_lower_layers else depth
        read, cached = (
            (*counts[:layer], *[len(kept)] * (len(counts) - layer))
            for counts, layer in ((self.read, depth), (self.cached, start))
        )
        return View(self.grid, kept, assignment, read, cached, self.skipped_tokens)

    def evicted(self, reduction: Reduction, depth: int, evict_lower_layers: bool) -> "View":
        """The same, where all layers had read the tokens before some left the caches."""
        return replace(self.within(reduction, depth, evict_lower_layers), read=self.read)


@dataclass(frozen=True)
class Trace:
    """What a context has computed so far, for accounting: prefills, ViT passes, extra encodes for anchors.

    `vit_patches` counts the visual tokens that each ViT pass made. Made for the reducer alone: `anchor_encodes`, the
    (height, width) in pixels of VAE passes; `looks` of query rows; `listened`, the tokens of ViT passes whose
    attention was computed a second time to be noted. `encoder_flops` are those of ViT passes that the model counts
    itself, in place of sizes of its tower.
    """

    blocks: tuple[BlockRows, ...] = ()
    vit_patches: tuple[int, ...] = ()
    anchor_encodes: tuple[Grid, ...] = ()
    looks: tuple[ProbeCost, ...] = ()
    listened: tuple[int, ...] = ()
    encoder_flops: int = 0
    views: tuple[View, ...] = ()

    @property
    def full(self) -> int:
        """Rows that the cache would hold without reduction."""
        return sum(block.full_rows for block in self.blocks)

    def block(self, rows: Sequence[int], cached: Sequence[int], full: int) -> "Trace":
        """The trace after one more prefill, of `full` rows without reduction."""
        return replace(self, blocks=(*self.blocks, BlockRows(tuple(rows), tuple(cached), full, self.full)))

    def view(self, view: View) -> "Trace":
        """The trace after one more image went through the ViT."""
        count = len(view.assignment)
        return replace(self, views=(*self.views, view), vit_patches=(*self.vit_patches, count))

    def anchor_encode(self, size: Grid) -> "Trace":
        """The trace after one more VAE pass for anchors."""
        return replace(self, anchor_encodes=(*self.anchor_encodes, size))

    def look(self, look: ProbeCost) -> "Trace":
        """The trace after one more query row was held to keys."""
        return replace(self, looks=(*self.looks, look))

    def listen(self, tokens: int) -> "Trace":
        """The trace after the attention of one more ViT pass was noted."""
        return replace(self, listened=(*self.listened, tokens))
