"""BAGEL's language model: layers of two experts that share one attention.

Text, markers and ViT tokens go through the expert `und`, VAE latents through `gen`.
Source: `Qwen2Model.forward_inference` of the official code; models-bagel.md sections 6 and 7.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from jaxtyping import Float
from torch import Tensor, nn

from g2tr.models.bagel.config import LanguageConfig
from g2tr.models.bagel.expert import Expert, RMSNorm, Rotation, rotation
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.kv_cache import Block, Cache, NewRows, join, key_bias, store
from g2tr.models.engine.layout import pack


class Layer(nn.Module):
    """Experts side by side, joined in attention."""

    def __init__(self, config: LanguageConfig, experts: Sequence[str]) -> None:
        super().__init__()
        self.experts = nn.ModuleDict({name: Expert(config) for name in experts})
        self.heads = (config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads)
        self.head_dim = config.head_dim

    def expert(self, name: str) -> Expert:
        """The expert of this name."""
        expert = self.experts[name]
        assert isinstance(expert, Expert)
        return expert

    def project(
        self, streams: Mapping[str, Tensor], block: Block, rotary: Rotation
    ) -> tuple[Float[Tensor, "t h e"], NewRows]:
        """Queries, and keys with values, of all new rows, each from its own expert."""
        parts = {}
        for name, x in streams.items():
            rows = block.experts[name]
            turned = (rotary[0][rows], rotary[1][rows])
            parts[name] = self.expert(name).project(x, turned, precise=len(streams) > 1)
        # Under autocast the rows are narrower than the streams.
        first = next(iter(parts.values()))[0]
        q, k, v = (first.new_empty(len(block.positions), heads, self.head_dim) for heads in self.heads)
        for name, part in parts.items():
            rows = block.experts[name]
            q[rows], k[rows], v[rows] = part
        return q, (k, v)

    def finish(self, streams: Mapping[str, Tensor], block: Block, attended: Tensor) -> dict[str, Tensor]:
        """The rows of each expert after the layer."""
        return {name: self.expert(name).finish(x, attended[block.experts[name]]) for name, x in streams.items()}


class LanguageModel(nn.Module):
    """Embeddings, layers, one final norm per expert, and the head.

    `experts` is ("und", "gen"), or ("und",) for a model that only understands.
    """

    def __init__(self, config: LanguageConfig, experts: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList([Layer(config, experts) for _ in range(config.num_hidden_layers)])
        self.norms = nn.ModuleDict({name: RMSNorm(config.hidden_size, config.rms_norm_eps) for name in experts})
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    @property
    def rope(self) -> tuple[float, int]:
        """θ of the rotary embedding, and the width of a head."""
        return self.config.rope_theta, self.config.head_dim

    def new_cache(self) -> Cache:
        """An empty cache."""
        weight = self.embed_tokens.weight
        empty = weight.new_empty(0, self.config.num_key_value_heads, self.config.head_dim)
        return Cache([(empty, empty)] * self.config.num_hidden_layers)

    def forward(
        self, block: Block, caches: Sequence[Cache], attend: Attend, update: bool = True
    ) -> Float[Tensor, "t d"]:
        """Hidden states of a block after the final norm; `update` adds its rows to the caches."""
        streams, rotary, bias = self.enter(block), self.rotary(block), key_bias(block, caches)
        for index in range(len(self.layers)):
            streams = self.pass_layer(index, streams, block, rotary, caches, attend, update, bias)
        for cache, rows in zip(caches, bias, strict=True) if update and bias else ():
            cache.bias = (rows,)
        return self.leave(streams, block)

    def enter(self, block: Block) -> dict[str, Tensor]:
        """The rows of each expert before the first layer."""
        return {name: block.embeddings[rows] for name, rows in block.experts.items()}

    def pass_layer(
        self,
        index: int,
        streams: Mapping[str, Tensor],
        block: Block,
        rotary: Rotation,
        caches: Sequence[Cache],
        attend: Attend,
        update: bool = True,
        bias: tuple[Float[Tensor, " _keys"], ...] = (),
    ) -> dict[str, Tensor]:
        """The rows of each expert after one layer."""
        layer = self.layer(index)
        q, new = layer.project(streams, block, rotary)
        layout = replace(pack(block.lengths, [cache.length(index) for cache in caches], q.device), bias=bias)
        joined = join(caches, index, new, layout)
        if update:
            store(caches, index, joined, layout)
        return layer.finish(streams, block, attend(q, *joined, layout, block.causal))

    def project_qkv(self, index: int, rows: Float[Tensor, "t d"], rotary: Rotation) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values that the understanding expert of a layer would make of rows."""
        return self.layer(index).expert("und").project(rows, rotary, precise=False)

    def advance(
        self, index: int, rows: Float[Tensor, "t d"], block: Block, rotary: Rotation, cache: Cache, attend: Attend
    ) -> Float[Tensor, "t d"]:
        """One sample's text or ViT rows after one layer."""
        return self.pass_layer(index, {"und": rows}, block, rotary, [cache], attend)["und"]

    def finish(self, rows: Float[Tensor, "t d"], block: Block) -> Float[Tensor, "t d"]:
        """Text or ViT rows after the final norm."""
        return self.leave({"und": rows}, block)

    def leave(self, streams: Mapping[str, Tensor], block: Block) -> Float[Tensor, "t d"]:
        """All rows after the final norm of their expert."""
        first = next(iter(streams.values()))
        hidden = first.new_empty(len(block.positions), self.config.hidden_size)
        for name, x in streams.items():
            hidden[block.experts[name]] = self.norms[name](x)
        return hidden

    def layer(self, index: int) -> Layer:
        """The layer of this index."""
        layer = self.layers[index]
        assert isinstance(layer, Layer)
        return layer

    def rotary(self, block: Block) -> Rotation:
        """Rotary embedding of the block's positions."""
        return rotation(block.positions, self.config.head_dim, self.config.rope_theta)
