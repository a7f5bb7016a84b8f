"""Forward passes over packed contexts: texts, reduced images, clean latents, and the velocity of noisy ones.

Source: `forward_cache_update_{text,vit,vae}` and `_forward_flow` of the official code.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.models.bagel.parts import Components
from g2tr.models.engine.context import State, text_block
from g2tr.models.engine.kv_cache import EVERY, Block
from g2tr.models.engine.layout import grid_positions, image_positions, image_rows
from g2tr.models.engine.trace import View
from g2tr.reducers.tokens import Grid, Reduction, VisualTokens


def read_ids(states: Sequence[State[Components]], ids: Sequence[Sequence[int]]) -> Float[Tensor, "t d"]:
    """Adds a causal text block to each state; returns its hidden states."""
    hidden = forward(states, text_block(states, ids))
    for state, row in zip(states, ids, strict=True):
        state.rope += len(row)
    return hidden


def read_texts(states: Sequence[State[Components]], texts: Sequence[str]) -> Float[Tensor, "t d"]:
    """Adds one text, between its markers, to each state."""
    ids = [states[0].parts.tokenize(text) for text in texts]
    hidden = read_ids(states, ids)
    for state, row in zip(states, ids, strict=True):
        state.record(len(row), len(row))
    return hidden


def image_block(
    states: Sequence[State[Components]], tokens: Float[Tensor, "n d"], counts: Sequence[int], expert: str
) -> tuple[Block, Int[Tensor, " n"]]:
    """Image tokens of all states between their markers, and the rows where the tokens lie."""
    parts = states[0].parts
    rows = image_rows(counts, parts.device)
    ends = torch.tensor([parts.markers.image_start, parts.markers.image_end] * len(counts), device=parts.device)
    embeddings = tokens.new_empty(sum(rows.lengths), tokens.shape[-1])
    embeddings[rows.markers] = parts.network.embed(ends)
    embeddings[rows.tokens] = tokens
    positions = image_positions(rows.lengths, [state.rope for state in states], parts.device)
    experts = {"und": EVERY} if expert == "und" else {"und": rows.markers, expert: rows.tokens}
    return Block(embeddings, positions, rows.lengths, causal=False, experts=experts), rows.tokens


def embed_visual(parts: Components, tokens: VisualTokens, reduction: Reduction) -> Float[Tensor, "k d"]:
    """What a reduction left of an image, with the position embedding of the kept ids added after merging."""
    positions = grid_positions(tokens.grid, parts.network.config.vit_side, parts.device)[reduction.kept]
    embedded: Tensor = reduction.features + parts.network.vit_pos_embed(positions)
    return embedded


def read_visual(
    states: Sequence[State[Components]],
    tokens: Sequence[VisualTokens],
    reductions: Sequence[Reduction],
    alpha: float = 0.0,
) -> Float[Tensor, "t d"]:
    """Adds one reduced image to each state; with `alpha`, a token that stands for s others adds α·log(s) to logits."""
    parts = states[0].parts
    pairs = list(zip(tokens, reductions, strict=True))
    embedded = torch.cat([embed_visual(parts, image, reduction) for image, reduction in pairs])
    counts = [len(reduction.kept) for reduction in reductions]
    block, rows = image_block(states, embedded, counts, "und")
    if alpha:
        bias = torch.zeros(len(block.positions), device=parts.device)
        bias[rows] = alpha * torch.cat([reduction.sizes for reduction in reductions]).float().log()
        block = replace(block, bias=(bias,))
    hidden = forward(states, block)
    for state, (image, reduction) in zip(states, pairs, strict=True):
        state.rope += 1
        view = View.of(image, reduction, len(state.cache.layers))
        state.trace = state.trace.view(view)
        state.record(len(view.kept) + 2, view.full + 2)
    return hidden


def read_latents(
    states: Sequence[State[Components]], patches: Sequence[Float[Tensor, "_h _w p"]]
) -> Float[Tensor, "t d"]:
    """Adds one clean image as VAE latents to each state."""
    embedded = [embed_patches(states[0].parts, image, 0.0) for image in patches]
    counts = [len(image) for image in embedded]
    hidden = forward(states, image_block(states, torch.cat(embedded), counts, "gen")[0])
    for state, count in zip(states, counts, strict=True):
        state.rope += 1
        state.record(count + 2, count + 2)
    return hidden


def velocities(
    states: Sequence[State[Components]], noisy: Float[Tensor, "h w p"], time: float
) -> list[Float[Tensor, "l p"]]:
    """The velocity of the same noisy latents in several contexts, all in one pass; caches stay as they are."""
    network = states[0].parts.network
    embedded = embed_patches(states[0].parts, noisy, time).repeat(len(states), 1)
    counts = [len(embedded) // len(states)] * len(states)
    block, rows = image_block(states, embedded, counts, "gen")
    hidden = forward(states, block, update=False)
    return list(network.llm2vae(hidden[rows]).float().split(counts))


def embed_patches(parts: Components, patches: Float[Tensor, "h w p"], time: float) -> Float[Tensor, "l d"]:
    """Latent patches of one image as tokens."""
    grid: Grid = (patches.shape[0], patches.shape[1])
    positions = grid_positions(grid, parts.network.config.latent_side, parts.device)
    return parts.network.embed_latents(patches.flatten(0, 1), positions, time)


def forward(states: Sequence[State[Components]], block: Block, update: bool = True) -> Float[Tensor, "t d"]:
    """One pass of the language model over the packed block."""
    parts = states[0].parts
    out: Tensor = parts.network.language(block, [state.cache for state in states], parts.attend, update)
    return out
