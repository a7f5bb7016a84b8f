"""A conversation as a network sees it: what is cached, where the next row goes, and the record of the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

import torch
from jaxtyping import Int
from PIL.Image import Image
from torch import Tensor

from g2tr.models.engine.clock import PhaseTimer
from g2tr.models.engine.finite import require_finite
from g2tr.models.engine.kv_cache import Block, Cache
from g2tr.models.engine.layout import text_positions
from g2tr.models.engine.protocols import ModelParts
from g2tr.models.engine.trace import Trace
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan, query_on
from g2tr.reducers.tokens import Grid, Question, VisionAttention, VisualTokens

AnyParts = TypeVar("AnyParts", bound=ModelParts)
StateT = TypeVar("StateT", bound="State[Any]")


@dataclass(frozen=True, eq=False)
class PendingImage:
    """An image that is still to be reduced inside the language model: the first row of its tokens, which view of the
    trace it is, and their rotary positions."""

    start: int
    view: int
    seed: int
    positions: Int[Tensor, " n"]


@dataclass
class State(Generic[AnyParts]):
    """One conversation: cache, next rotary position, and the record of its work.

    `position_offsets` says by how much positions are smaller in each layer, where a reduction there has counted anew.
    `pending` are images that a question is to reduce by `plan`; `pending_blocks` are blocks that will be read together
    with it. `question` is what the caller will ask, where that is known, for reducers that read it before the image.
    """

    parts: AnyParts
    cache: Cache
    rope: int = 0
    trace: Trace = field(default_factory=Trace)
    clock: PhaseTimer = field(default_factory=PhaseTimer)
    pending: tuple[PendingImage, ...] = ()
    plan: ReductionPlan = KEEP_ALL
    position_offsets: tuple[int, ...] = ()
    pending_blocks: tuple[Block, ...] = ()
    question: Question | None = None

    @property
    def length(self) -> int:
        """Rows in the cache of the first layer; those of later layers may be fewer."""
        return self.cache.length(0)

    @property
    def lengths(self) -> list[int]:
        """Rows in the cache of each layer."""
        return [self.cache.length(layer) for layer in range(len(self.cache.layers))]

    @property
    def kv_bytes(self) -> int:
        """Memory of the cache in bytes."""
        return self.cache.bytes

    def query(self, plan: ReductionPlan) -> str:
        """Which row is the query of a plan's steps inside the model."""
        return query_on(plan, self.parts.native_query)

    def fork(self: StateT) -> StateT:
        """A second conversation that shares everything read so far; its clock starts at zero."""
        return replace(self, cache=self.cache.fork(), clock=PhaseTimer())

    def encode_image(
        self, image: Image, requires: frozenset[type], target_grid: Callable[[Grid], Grid]
    ) -> VisualTokens:
        """What the vision tower makes of an image, on the grid that a reducer wants, timed and noted."""
        with self.clock.phase("encode"):
            tokens = self.parts.encode_vit(image, requires, target_grid)
            require_finite(tokens.features, "the visual features", f"of a {image.width}x{image.height} image")
        if VisionAttention in requires:
            self.trace = self.trace.listen(len(tokens.features))
        return tokens.with_evidence(self.question) if Question in requires and self.question else tokens

    def expect(self, text: str) -> None:
        """Notes what will be asked, for reducers of images that are read before it."""
        ids = self.parts.tokenizer.encode(text, add_special_tokens=False)
        self.question = Question(self.parts.embed(torch.tensor(ids, dtype=torch.long, device=self.parts.device)))

    def record(self, rows: int, full: int) -> None:
        """Notes a prefill whose rows are in all caches by now; `full` is its size without reduction."""
        lengths = self.lengths
        self.trace = self.trace.block([rows] * len(lengths), [length - rows for length in lengths], full)


def text_block(states: Sequence[State[Any]], ids: Sequence[Sequence[int]]) -> Block:
    """The ids of all states as one causal block."""
    parts, lengths = states[0].parts, [len(row) for row in ids]
    rows = torch.tensor([token for row in ids for token in row], dtype=torch.long, device=parts.device)
    positions = text_positions(lengths, [state.rope for state in states], parts.device)
    return Block(parts.embed(rows), positions, tuple(lengths), causal=True)


def row_offsets(states: Sequence[State[Any]], block: Block) -> list[Int[Tensor, " t"]]:
    """By how much the rows of a block have smaller positions in each layer; nothing where none has."""
    if not any(state.position_offsets for state in states):
        return []
    layers, lengths = range(len(states[0].cache.layers)), torch.tensor(block.lengths)
    offsets = [
        torch.tensor([state.position_offsets[layer] if state.position_offsets else 0 for state in states])
        for layer in layers
    ]
    return [
        torch.repeat_interleave(position_offsets, lengths).to(block.positions.device) for position_offsets in offsets
    ]
