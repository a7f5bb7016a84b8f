"""Evidence from attention: what ViT layers attend to, and one query row between layers of the language model.

No full attention map is ever held.

Shapes: q query rows, c key rows, h query heads, g key heads, e head width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.kv_cache import Block, Cache
from g2tr.models.engine.layout import Layout
from g2tr.models.engine.protocols import LayeredLM, Rotation
from g2tr.models.engine.trace import ProbeCost
from g2tr.reducers.tokens import NextAttention, NormedStates, QueryAttention, QueryKeys, QueryValues, Rotary


def row_attention(q: Float[Tensor, "q h e"], k: Float[Tensor, "c g e"]) -> Float[Tensor, "q c"]:
    """softmax(q·k/√e) over all keys in float32, mean over heads; each key head serves h/g query heads."""
    groups = q.float().unflatten(1, (k.shape[1], -1))
    scores = torch.einsum("qgie,cge->qgic", groups, k.float()) / q.shape[-1] ** 0.5
    attention: Tensor = scores.softmax(-1).mean((1, 2))
    return attention


def received_attention(q: Float[Tensor, "n h e"], k: Float[Tensor, "n h e"], chunk: int = 256) -> Float[Tensor, " n"]:
    """Attention that each row receives in a full map, mean over queries and heads, `chunk` queries at a time."""
    total = q.new_zeros(len(k), dtype=torch.float32)
    for rows in q.split(chunk):
        scores = torch.einsum("qhe,khe->hqk", rows.float(), k.float()) / q.shape[-1] ** 0.5
        total += scores.softmax(-1).mean(0).sum(0)
    return total / len(q)


class AttentionRecorder:
    """An attention back end that also notes what each layer of the ViT attends to."""

    def __init__(self, attend: Attend) -> None:
        self.attend = attend
        self.received: list[Tensor] = []

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
        self.received.append(received_attention(q, k))
        return self.attend(q, k, v, layout, causal)


@dataclass(frozen=True, eq=False)
class AttentionProbe:
    """The state of one sample before layer `index`.

    `previous_hidden` are its rows before the layer below, `hidden` those after it.
    `rotaries` are the rotations of the rows in the layer below and in this one. The last row of the block is the query,
    the last `question_rows` rows are the question; `columns` are the key rows of the image in that layer's cache,
    `rows` its rows in the block (none where it was read before), and `positions` are those of its tokens.
    """

    language: LayeredLM
    cache: Cache
    block: Block
    index: int
    question_rows: int
    rotaries: Sequence[Rotation]
    previous_hidden: Float[Tensor, "t d"]
    hidden: Float[Tensor, "t d"]
    columns: slice
    rows: slice | None
    positions: Int[Tensor, " n"]

    def evidence(self, kind: type) -> object:
        """One kind of evidence. Raises `InputError` for what does not exist between layers."""
        if kind is QueryAttention:
            return QueryAttention(self.attention_below())
        if kind is NextAttention:
            return NextAttention(self.attention_at_layer())
        if kind is QueryValues:
            values = self.cache.layers[self.index - 1][1]
            return QueryValues(values[-self.question_rows :], values[self.columns])
        if kind is QueryKeys:
            keys = self.cache.layers[self.index - 1][0]
            return QueryKeys(keys[-self.question_rows :], keys[self.columns])
        if kind is NormedStates:
            return self.normed_states()
        if kind is Rotary:
            return Rotary(self.positions, *self.language.rope)
        raise InputError(f"{kind.__name__} cannot be read inside the language model")

    def look(self, kind: type) -> ProbeCost:
        """What a kind of evidence takes: rows that are projected for it, and keys that the query row is held to."""
        previous_hidden, hidden = (self.cache.length(index) for index in (self.index - 1, self.index))
        if kind is QueryAttention:
            return ProbeCost(1, previous_hidden)
        return ProbeCost(len(self.hidden), hidden + len(self.hidden)) if kind is NextAttention else ProbeCost(0, 0)

    def normed_states(self) -> NormedStates:
        """States of question and image; the keys below stand for those of both where the image's are gone."""
        if self.rows is None:
            keys = self.cache.layers[self.index - 1][0].flatten(1)
            return NormedStates(keys[-self.question_rows :], keys[self.columns])
        states = self.language.finish(self.hidden, self.block)
        return NormedStates(states[-self.question_rows :], states[self.rows])

    def attention_below(self) -> Float[Tensor, "1 n"]:
        """Attention of the last row to the image in the layer below, whose keys are cached: one row is projected."""
        cos, sin = self.rotaries[0]
        q, _, _ = self.language.project_qkv(self.index - 1, self.previous_hidden[-1:], (cos[-1:], sin[-1:]))
        return row_attention(q, self.cache.layers[self.index - 1][0])[:, self.columns]

    def attention_at_layer(self) -> Float[Tensor, "1 n"]:
        """Attention that the last row would pay to the image in this layer, from its own projections of all rows."""
        q, k, _ = self.language.project_qkv(self.index, self.hidden, self.rotaries[1])
        return row_attention(q[-1:], torch.cat([self.cache.layers[self.index][0], k]))[:, self.columns]
