"""The sizes of BAGEL's two transformers, for cost accounting."""

from g2tr.models.bagel.config import LanguageConfig, VisionConfig
from g2tr.models.base import DecoderShape


def decoder_shape(config: LanguageConfig, itemsize: int) -> DecoderShape:
    """One expert of the language model; both experts cost the same per token."""
    return DecoderShape(
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_key_value_heads,
        head_dim=config.head_dim,
        mlp=config.intermediate_size,
        kv_itemsize=itemsize,
    )


def vision_shape(config: VisionConfig) -> DecoderShape:
    """The ViT as it is used, without the layer that BAGEL leaves out."""
    return DecoderShape(
        layers=config.used_layers,
        width=config.hidden_size,
        heads=config.num_attention_heads,
        kv_heads=config.num_attention_heads,
        head_dim=config.hidden_size // config.num_attention_heads,
        mlp=config.intermediate_size,
        gated=False,
    )
