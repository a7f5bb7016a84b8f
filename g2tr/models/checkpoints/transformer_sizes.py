"""Sizes that configuration files state of transformers, and what they cost."""

from dataclasses import dataclass

from g2tr.models.shapes import DecoderShape


@dataclass(frozen=True)
class TowerSizes:
    """A vision transformer, under the names of its configuration file."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int

    def shape(self, layers: int) -> DecoderShape:
        """What decides the cost of the first `layers` layers."""
        width, heads = self.hidden_size, self.num_attention_heads
        return DecoderShape(layers, width, heads, heads, width // heads, self.intermediate_size, gated=False)


@dataclass(frozen=True)
class QwenSizes:
    """A Qwen decoder, under the names of its configuration file."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float = 1e-6
    rope_theta: float = 1e6

    def shape(self, head_dim: int, itemsize: int) -> DecoderShape:
        """What decides its cost; `itemsize` is bytes per cached number."""
        return DecoderShape(
            self.num_hidden_layers,
            self.hidden_size,
            self.num_attention_heads,
            self.num_key_value_heads,
            head_dim,
            self.intermediate_size,
            kv_itemsize=itemsize,
        )
