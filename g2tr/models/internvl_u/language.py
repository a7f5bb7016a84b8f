"""transformers' Qwen3, walked through layer by layer over packed samples and caches of our own.

Only its arithmetic is used: masks and caches stay here, so that positions may have gaps and layers may differ in
what they cache (platform.md section 6).
Shapes: t new rows of all samples, h query heads, g key heads, e head width, d width.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from g2tr.models.engine.attention import Attend
from g2tr.models.engine.kv_cache import Block, Cache, join, key_bias, store
from g2tr.models.engine.layout import pack
from g2tr.models.engine.protocols import Projected, Rotation
from g2tr.models.internvl_u.config import LanguageConfig
from g2tr.reducers.sinusoids import waves


@dataclass(frozen=True, eq=False)
class Hidden:
    """Rows after the final norm, and the same rows before the last layer: hidden states -1 and -2."""

    last: Float[Tensor, "t d"]
    before: Float[Tensor, "t d"]

    @property
    def both(self) -> Float[Tensor, "t c"]:
        """Both side by side, as the generation decoder reads them."""
        return torch.cat([self.last, self.before], dim=-1)

    def split(self, count: int) -> tuple["Hidden", "Hidden"]:
        """The first `count` rows, and the others."""
        return Hidden(self.last[:count], self.before[:count]), Hidden(self.last[count:], self.before[count:])


class QwenLanguage:
    """The layers of a `Qwen3ForCausalLM`, with rotary positions of our own."""

    def __init__(self, model: nn.Module, config: LanguageConfig) -> None:
        self.model: Any = model
        self.config = config

    @property
    def rope(self) -> tuple[float, int]:
        """θ of the rotary embedding, and the width of a head."""
        return self.config.rope_theta, self.config.head_dim

    @property
    def weight(self) -> Tensor:
        """A parameter, for its device and dtype."""
        weight: Tensor = self.model.lm_head.weight
        return weight

    def new_cache(self) -> Cache:
        """An empty cache."""
        empty = self.weight.new_empty(0, self.config.num_key_value_heads, self.config.head_dim)
        return Cache([(empty, empty)] * self.config.num_hidden_layers)

    def embed(self, ids: Int[Tensor, " t"]) -> Float[Tensor, "t d"]:
        """Embeddings of the plain vocabulary."""
        out: Tensor = self.model.model.embed_tokens(ids)
        return out

    def logits(self, hidden: Float[Tensor, "t d"]) -> Float[Tensor, "t v"]:
        """Logits of the next id after each row."""
        out: Tensor = self.model.lm_head(hidden)
        return out

    def forward(
        self, block: Block, caches: Sequence[Cache], attend: Attend, offsets: Sequence[Int[Tensor, " t"]] = ()
    ) -> Hidden:
        """Reads a block and adds its rows to the caches; `offsets` are taken off its positions in each layer."""
        rotaries = [
            self.rotary(replace(block, positions=block.positions - position_offsets)) for position_offsets in offsets
        ]
        rotaries, bias = rotaries or [self.rotary(block)] * self.config.num_hidden_layers, key_bias(block, caches)
        before = rows = block.embeddings
        for index, rotary in enumerate(rotaries):
            before, rows = rows, self.pass_layer(index, rows, block, rotary, caches, attend, bias)
        for cache, row_bias in zip(caches, bias, strict=True) if bias else ():
            cache.bias = (row_bias,)
        return Hidden(self.finish(rows, block), before)

    def rotary(self, block: Block) -> Rotation:
        """Cosines and sines ("t e") of the block's positions."""
        theta, width = self.rope
        cos, sin = (torch.cat([part, part], dim=-1) for part in waves(block.positions, width // 2, theta))
        return cos.to(block.embeddings.dtype), sin.to(block.embeddings.dtype)

    def project_qkv(self, index: int, rows: Float[Tensor, "t d"], rotary: Rotation) -> Projected:
        """Queries, keys and values that a layer would make of rows."""
        from transformers.models.qwen3.modeling_qwen3 import apply_rotary_pos_emb

        layer = self.model.model.layers[index]
        part, rows = layer.self_attn, layer.input_layernorm(rows)
        q, k, v = (f(rows).unflatten(-1, (-1, part.head_dim)) for f in (part.q_proj, part.k_proj, part.v_proj))
        q, k = apply_rotary_pos_emb(part.q_norm(q), part.k_norm(k), *rotary)
        return q, k, v

    def pass_layer(
        self,
        index: int,
        rows: Float[Tensor, "t d"],
        block: Block,
        rotary: Rotation,
        caches: Sequence[Cache],
        attend: Attend,
        bias: tuple[Float[Tensor, " _keys"], ...] = (),
    ) -> Float[Tensor, "t d"]:
        """The rows of all samples after one layer."""
        q, k, v = self.project_qkv(index, rows, rotary)
        layout = replace(pack(block.lengths, [cache.length(index) for cache in caches], q.device), bias=bias)
        joined = join(caches, index, (k, v), layout)
        store(caches, index, joined, layout)
        layer = self.model.model.layers[index]
        rows = rows + layer.self_attn.o_proj(attend(q, *joined, layout, block.causal).flatten(-2))
        out: Tensor = rows + layer.mlp(layer.post_attention_layernorm(rows))
        return out

    def advance(
        self, index: int, rows: Float[Tensor, "t d"], block: Block, rotary: Rotation, cache: Cache, attend: Attend
    ) -> Float[Tensor, "t d"]:
        """The rows of one sample after one layer."""
        return self.pass_layer(index, rows, block, rotary, [cache], attend)

    def finish(self, rows: Float[Tensor, "t d"], block: Block) -> Float[Tensor, "t d"]:
        """Rows after the final norm."""
        out: Tensor = self.model.model.norm(rows)
        return out
