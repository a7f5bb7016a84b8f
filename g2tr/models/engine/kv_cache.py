"""Keys and values of conversations, and the blocks of rows that are added to them.

Shapes: t new rows, c cached rows, g key heads, e head width, d width.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.models.engine.layout import Layout

Rows = Int[Tensor, " r"] | slice
LayerRows = tuple[Float[Tensor, "_c g e"], Float[Tensor, "_c g e"]]
KeyRows = tuple[Float[Tensor, "c g e"], Float[Tensor, "c g e"]]
NewRows = tuple[Float[Tensor, "t g e"], Float[Tensor, "t g e"]]
EVERY = slice(None)


@dataclass
class Cache:
    """Keys and values of one conversation, a pair per layer; rows are never overwritten, lengths may differ.

    `bias` holds one vector where some rows weigh more in attention than others, the same in all layers.
    """

    layers: list[LayerRows] = field(default_factory=list)
    bias: tuple[Float[Tensor, " _c"], ...] = ()

    def fork(self) -> "Cache":
        """A cache that shares the rows so far and grows on its own."""
        return Cache(list(self.layers), self.bias)

    def length(self, layer: int) -> int:
        """Rows cached at a layer."""
        return len(self.layers[layer][0])

    @property
    def bytes(self) -> int:
        """Memory of all keys and values."""
        return sum(x.numel() * x.element_size() for pair in self.layers for x in pair)

    def evict(self, layers: Iterable[int], rows: Int[Tensor, " j"]) -> None:
        """Removes rows from the caches of some layers."""
        for layer in layers:
            stays = torch.ones(self.length(layer), dtype=torch.bool, device=rows.device)
            stays[rows] = False
            keys, values = self.layers[layer]
            self.layers[layer] = (keys[stays], values[stays])


@dataclass(frozen=True, eq=False)
class Block:
    """New rows of one or several samples: embeddings, positions, and which rows go through which expert.

    `bias` is what the rows' keys add to attention logits; empty where they add nothing. A model without experts
    has one for all rows.
    """

    embeddings: Float[Tensor, "t d"]
    positions: Int[Tensor, " t"]
    lengths: tuple[int, ...]
    causal: bool
    bias: tuple[Float[Tensor, " t"], ...] = ()
    experts: Mapping[str, Rows] = field(default_factory=lambda: {"und": EVERY})


def key_bias(block: Block, caches: Sequence[Cache]) -> tuple[Float[Tensor, " _keys"], ...]:
    """The bias of every sample's cached and new rows; empty where no row has any."""
    if not block.bias and not any(cache.bias for cache in caches):
        return ()
    rows = block.bias[0] if block.bias else block.embeddings.new_zeros(len(block.positions))
    old = [cache.bias[0] if cache.bias else rows.new_zeros(cache.length(0)) for cache in caches]
    return tuple(torch.cat(pair) for pair in zip(old, rows.split(block.lengths), strict=True))


def join(caches: Sequence[Cache], layer: int, new: NewRows, layout: Layout) -> KeyRows:
    """Cached and new rows of all samples in the order of the layout's key rows."""
    keys, values = (rows.new_empty(sum(layout.totals), *rows.shape[1:]) for rows in new)
    for target, rows, side in ((keys, new[0], 0), (values, new[1], 1)):
        target[layout.new] = rows
        target[layout.old] = torch.cat([cache.layers[layer][side] for cache in caches])
    return keys, values


def store(caches: Sequence[Cache], layer: int, joined: KeyRows, layout: Layout) -> None:
    """Gives every sample its part of the joined rows."""
    parts = zip(*(rows.split(layout.totals) for rows in joined), strict=True)
    for cache, (keys, values) in zip(caches, parts, strict=True):
        cache.layers[layer] = (keys, values)
