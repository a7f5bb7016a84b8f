"""Forward passes: texts of several conversations at once, and one reduced image.

Source: `generate_hidden_states` of the official code; models-internvl-u.md sections 3 and 8.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.models.engine.context import State, row_offsets, text_block
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.trace import View
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.parts import Components
from g2tr.reducers.tokens import Grid, Reduction, VisualTokens


def read_ids(states: Sequence[State[Components]], ids: Sequence[Sequence[int]]) -> Hidden:
    """Adds a text block to each state; returns the rows of all."""
    hidden = forward(states, text_block(states, ids))
    for state, row in zip(states, ids, strict=True):
        state.rope += len(row)
    return hidden


def read_texts(states: Sequence[State[Components]], texts: Sequence[str]) -> list[Hidden]:
    """Adds one text to each state, all in one pass; returns the rows of each."""
    ids = [states[0].parts.tokenize(text) for text in texts]
    hidden, lengths = read_ids(states, ids), [len(row) for row in ids]
    for state, count in zip(states, lengths, strict=True):
        state.record(count, count)
    return [Hidden(*rows) for rows in zip(hidden.last.split(lengths), hidden.before.split(lengths), strict=True)]


def next_logits(states: Sequence[State[Components]], last: Sequence[int]) -> Float[Tensor, "s v"]:
    """Reads one id per state and returns the logits of the next."""
    return states[0].parts.language.logits(read_ids(states, [[token] for token in last]).last)


def image_offsets(kept: Int[Tensor, " k"], grid: Grid, policy: str) -> Int[Tensor, " k+2"]:
    """Positions of an image block, counted from its start marker; the last is that of its end marker.

    `compact` counts the rows that are there, `original` those of the whole image.
    """
    if policy == "compact":
        return torch.arange(len(kept) + 2, device=kept.device)
    ends = kept.new_tensor([0, grid[0] * grid[1] + 1])
    return torch.cat([ends[:1], kept + 1, ends[1:]])


def image_block(state: State[Components], tokens: VisualTokens, reduction: Reduction, alpha: float = 0.0) -> Block:
    """What a reduction left of an image, between its markers.

    With `alpha`, a token that stands for s tokens adds α·log(s) to attention logits.
    """
    parts = state.parts
    ends = parts.embed(torch.tensor([parts.markers.image_start, parts.markers.image_end], device=parts.device))
    embeddings = torch.cat([ends[:1], reduction.features, ends[1:]])
    positions = state.rope + image_offsets(reduction.kept, tokens.grid, parts.choices.positions)
    block = Block(embeddings, positions, (len(positions),), causal=True)
    if not alpha or bool((reduction.sizes == 1).all()):
        return block
    sizes = torch.nn.functional.pad(reduction.sizes.float().log(), (1, 1))
    return replace(block, bias=(alpha * sizes,))


def joined(blocks: Sequence[Block]) -> Block:
    """Blocks of one conversation that follow one another, as one."""
    embeddings, positions = (
        torch.cat(parts) for parts in zip(*((b.embeddings, b.positions) for b in blocks), strict=True)
    )
    return Block(embeddings, positions, (len(positions),), causal=True)


def read_visual(state: State[Components], block: Block, view: View) -> Hidden:
    """Adds an image block, of an image as the view has it."""
    hidden = forward([state], block)
    state.trace = state.trace.view(view)
    state.record(len(block.positions), view.full + 2)
    return hidden


def forward(states: Sequence[State[Components]], block: Block) -> Hidden:
    """One pass of the language model over the packed block."""
    parts = states[0].parts
    return parts.language.forward(block, [state.cache for state in states], parts.attend, row_offsets(states, block))
