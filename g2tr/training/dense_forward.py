"""The language model over equally long sequences of blocks: the same layers as in inference, without a cache.

Shapes: b sequences, l rows of each, d width, h query heads, g key heads, e head width.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from g2tr.models.bagel.language import LanguageModel
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.kv_cache import EVERY, Block
from g2tr.models.engine.layout import Layout

PADDING_BLOCK = -1


class Piece(NamedTuple):
    """Rows that all sequences have at the same places.

    `blocks` numbers the block of each row, NOTHING for padding. Later blocks see a row where `shared` says so; rows of
    its own block see it too, those of a text (`causal`) only from its place on. `latents` go through the expert `gen`.
    """

    embeddings: Float[Tensor, "b n d"]
    blocks: Int[Tensor, "b n"]
    positions: Int[Tensor, "b n"]
    shared: Bool[Tensor, "b n"]
    causal: bool
    latents: slice = slice(0)


def read(language: LanguageModel, pieces: Sequence[Piece]) -> list[Float[Tensor, "b n d"]]:
    """Hidden states of all pieces after the final norm."""
    embeddings = torch.cat([piece.embeddings for piece in pieces], dim=1)
    positions = torch.cat([piece.positions for piece in pieces], dim=1)
    batch, length = positions.shape
    block = Block(
        embeddings.flatten(0, 1), positions.flatten(), (batch * length,), causal=False, experts=rows_of(pieces)
    )
    attend = attend_masked(visible(pieces))
    streams, rotary = language.enter(block), language.rotary(block)
    layout = Layout(block.lengths, (0,), positions.flatten(), positions.flatten()[:0])
    for index in range(len(language.layers)):
        layer = language.layer(index)
        q, (k, v) = layer.project(streams, block, rotary)
        streams = layer.finish(streams, block, attend(q, k, v, layout, False))
    hidden = language.leave(streams, block).unflatten(0, (batch, length))
    return list(hidden.split([piece.positions.shape[1] for piece in pieces], dim=1))


def rows_of(pieces: Sequence[Piece]) -> dict[str, Int[Tensor, " r"] | slice]:
    """The rows of each expert among the flattened rows of all sequences."""
    batch, device = len(pieces[0].positions), pieces[0].positions.device
    columns = []
    for piece in pieces:
        column = torch.zeros(piece.positions.shape[1], dtype=torch.bool)
        column[piece.latents] = True
        columns.append(column)
    latent = torch.cat(columns)
    if not latent.any():
        return {"und": EVERY}
    starts = len(latent) * torch.arange(batch, device=device)[:, None]
    own = {name: mask.nonzero()[:, 0].to(device) for name, mask in (("und", ~latent), ("gen", latent))}
    return {name: (starts + places).flatten() for name, places in own.items()}


def visible(pieces: Sequence[Piece]) -> Bool[Tensor, "b 1 l l"]:
    """Whether the row of the second last axis sees that of the last."""
    blocks, shared = (torch.cat(rows, dim=1) for rows in zip(*((p.blocks, p.shared) for p in pieces), strict=True))
    device = blocks.device
    causal = torch.cat([torch.full((p.positions.shape[1],), p.causal, device=device) for p in pieces])
    earlier = torch.ones(len(causal), len(causal), dtype=torch.bool, device=device).tril()
    own = (blocks[:, :, None] == blocks[:, None]) & (earlier | ~causal[:, None])
    return (own | (shared[:, None] & (blocks[:, None] < blocks[:, :, None])))[:, None]


def attend_masked(mask: Bool[Tensor, "b 1 l l"]) -> Attend:
    """Attention within each sequence, where the mask allows it."""
    biases: dict[torch.dtype, Tensor] = {}

    def bias(dtype: torch.dtype) -> Float[Tensor, "b 1 l l"]:
        """0 or -inf, made once for all layers; rows of a multiple of 8 numbers, which the fused kernel asks for."""
        if dtype not in biases:
            length = mask.shape[-1]
            wide = torch.zeros(*mask.shape[:-1], -(-length // 8) * 8, dtype=dtype, device=mask.device)
            biases[dtype] = wide[..., :length].masked_fill_(~mask, -torch.inf)
        return biases[dtype]

    def attend(q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Float[Tensor, "t h e"]:
        # The memory-efficient kernel, the only fused one that takes a mask, knows no grouped heads.
        group = q.shape[1] // k.shape[1]
        k, v = (x.repeat_interleave(group, dim=1) for x in (k, v))
        q, k, v = (x.unflatten(0, (len(mask), -1)).transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias(q.dtype)).transpose(1, 2).flatten(0, 1)

    return attend


def attend_images(batch: int) -> Attend:
    """Full attention within each of `batch` equally large images."""

    def attend(q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Float[Tensor, "t h e"]:
        q, k, v = (x.unflatten(0, (batch, -1)).transpose(1, 2) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(0, 1)

    return attend
