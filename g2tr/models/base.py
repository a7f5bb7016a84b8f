"""The contract of a model, and what every model reports about the work it has done."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Int
from PIL.Image import Image
from torch import Tensor

from g2tr.cascade import Plan
from g2tr.errors import InputError
from g2tr.tokens import Grid, Reduction, VisualTokens

Output = TypeVar("Output")


@dataclass(frozen=True)
class BlockRows:
    """What one prefill read: new rows and cached rows in each layer, and both numbers without reduction."""

    rows: tuple[int, ...]
    cached: tuple[int, ...]
    full_rows: int
    full_cached: int


@dataclass(frozen=True)
class Look:
    """Evidence from one query row: rows that a layer projected for it alone, and the key rows that it was held to."""

    rows: int
    keys: int


@dataclass(frozen=True, eq=False)
class View:
    """One image as the language model got it: token grid, tokens that reached the last layer, homes (`Reduction`).

    `read` counts the tokens that each layer computed, `cached` those that it keeps in its cache; `spared` are tokens
    that the vision tower never made (`VisualTokens`).
    """

    grid: Grid
    kept: Int[Tensor, " k"]
    homes: Int[Tensor, " n"]
    read: tuple[int, ...]
    cached: tuple[int, ...]
    spared: int = 0

    @property
    def full(self) -> int:
        """How many tokens there would be without reduction."""
        return len(self.homes) + self.spared

    @classmethod
    def of(cls, tokens: VisualTokens, reduction: Reduction, layers: int) -> "View":
        """An image that was reduced before the first of `layers` layers."""
        alive = (len(reduction.kept),) * layers
        return cls(tokens.grid, reduction.kept.cpu(), reduction.homes.cpu(), alive, alive, tokens.spared)

    def within(self, reduction: Reduction, depth: int, everywhere: bool) -> "View":
        """The same image after its tokens were reduced again before layer `depth`; `everywhere` clears all caches."""
        kept, homes = self.kept[reduction.kept.cpu()], reduction.homes.cpu()
        homes = torch.where(self.homes >= 0, homes[self.homes], -1)
        start = 0 if everywhere else depth
        read, cached = (
            (*counts[:layer], *[len(kept)] * (len(counts) - layer))
            for counts, layer in ((self.read, depth), (self.cached, start))
        )
        return View(self.grid, kept, homes, read, cached, self.spared)

    def evicted(self, reduction: Reduction, depth: int, everywhere: bool) -> "View":
        """The same, where all layers had read the tokens before some left the caches."""
        return replace(self.within(reduction, depth, everywhere), read=self.read)


@dataclass(frozen=True)
class Trace:
    """What a context has computed so far, for accounting: prefills, ViT passes, extra encodes for anchors.

    `vit_patches` counts the visual tokens that each ViT pass made. Made for the reducer alone: `anchor_encodes`, the
    (height, width) in pixels of VAE passes; `looks` of query rows; `listened`, the tokens of ViT passes whose
    attention was computed a second time to be noted.
    """

    blocks: tuple[BlockRows, ...] = ()
    vit_patches: tuple[int, ...] = ()
    anchor_encodes: tuple[Grid, ...] = ()
    looks: tuple[Look, ...] = ()
    listened: tuple[int, ...] = ()
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
        count = len(view.homes)
        return replace(self, views=(*self.views, view), vit_patches=(*self.vit_patches, count))

    def anchor_encode(self, size: Grid) -> "Trace":
        """The trace after one more VAE pass for anchors."""
        return replace(self, anchor_encodes=(*self.anchor_encodes, size))

    def look(self, look: Look) -> "Trace":
        """The trace after one more query row was held to keys."""
        return replace(self, looks=(*self.looks, look))

    def listen(self, tokens: int) -> "Trace":
        """The trace after the attention of one more ViT pass was noted."""
        return replace(self, listened=(*self.listened, tokens))


@dataclass
class Clock:
    """Seconds spent in each phase; on a GPU it waits for the kernels of the phase to end."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times the body as part of phase `name`."""
        start = moment()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + moment() - start


def moment() -> float:
    """Now, after all queued GPU work."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of a transformer that decide its cost: d width, h heads, g key heads, e head width, m MLP width.

    `gated` MLPs have three matrices, plain ones two; `kv_itemsize` is bytes per cached number.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    gated: bool = True
    kv_itemsize: int = 2


@dataclass(frozen=True)
class ModelShape:
    """Language model and vision tower; `vit_inputs` is what one patch embedding multiplies, `connector` its widths.

    The tower reads `token_patches` patches for every visual token, and `vit_extra` rows beside them. To note its
    attention, `listened_projections` of the queries and keys are made a second time.
    """

    language: DecoderShape
    vision: DecoderShape
    vit_inputs: int
    connector: tuple[int, ...]
    token_patches: int = 1
    vit_extra: int = 0
    listened_projections: int = 0


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Output]):
    """What a model produced for one sample, and what it took; shared work is shared out evenly."""

    output: Output
    trace: Trace
    kv_bytes: int
    seconds: Mapping[str, float]


@runtime_checkable
class Model(Protocol):
    """A unified multimodal model. `settings` goes into every result."""

    name: str

    @property
    def settings(self) -> Mapping[str, object]: ...

    @property
    def shape(self) -> ModelShape: ...

    def vae_flops(self, size: Grid) -> int: ...

    def encode(self, image: Image, reads: frozenset[type]) -> VisualTokens: ...

    def answers(
        self, images: Sequence[Image], prompts: Sequence[str], reducer: Plan, max_tokens: int
    ) -> list[Outcome[str]]: ...

    def edit(self, images: Sequence[Image], instruction: str, reducer: Plan, seed: int) -> Outcome[Image]: ...


def require_text(prompts: Sequence[str]) -> None:
    """Raises `InputError` where there is nothing to read."""
    if not prompts or any(not prompt.strip() for prompt in prompts):
        raise InputError("empty prompt: the model needs at least one word to answer or to follow")
