"""What a transformers model costs: its decoder in closed form, its encoder as torch counts it."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from g2tr.errors import InputError
from g2tr.models.shapes import DecoderShape, ModelShape

NO_TOWER = DecoderShape(layers=0, width=0, heads=0, kv_heads=0, head_dim=0, mlp=0)


def model_shape(config: Any, itemsize: int) -> ModelShape:  # noqa: ANN401 - a configuration of transformers
    """The sizes of the language model; the encoder has none here, since its FLOPs are counted pass by pass."""
    return ModelShape(decoder_shape(config.get_text_config(), itemsize), NO_TOWER, vit_inputs=0, connector=())


def decoder_shape(text: Any, itemsize: int) -> DecoderShape:  # noqa: ANN401
    """The sizes of a decoder under the names that all families of transformers use.

    Raises `InputError` for a configuration that lacks one.
    """
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads", "intermediate_size")
    if lacking := [name for name in names if not isinstance(getattr(text, name, None), int)]:
        raise InputError(f"{type(text).__name__} does not state {lacking[0]}, without which no cost can be counted")
    heads = text.num_attention_heads
    return DecoderShape(
        layers=text.num_hidden_layers,
        width=text.hidden_size,
        heads=heads,
        kv_heads=getattr(text, "num_key_value_heads", None) or heads,
        head_dim=getattr(text, "head_dim", None) or text.hidden_size // heads,
        mlp=text.intermediate_size,
        kv_itemsize=itemsize,
    )


def is_exact(decoder: Any, shape: DecoderShape) -> bool:  # noqa: ANN401 - a decoder of transformers
    """Whether the layers hold just the matrices that the sizes stand for: four of attention, three of a gated MLP.

    Not so for mixtures of experts and linear attention, whose FLOPs the closed form can only approximate.
    """
    attention = shape.width * shape.head_dim * (2 * shape.heads + 2 * shape.kv_heads)
    expected = attention + 3 * shape.width * shape.mlp
    found = [sum(p.numel() for p in layer.parameters() if p.ndim > 1) for layer in getattr(decoder, "layers", ())]
    return found == [expected] * shape.layers


def counted_flops(run: Callable[[], object]) -> int:
    """FLOPs of a call, counted by torch; attention on the CPU, which torch's counter leaves out, is added."""
    operator = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with FlopCounterMode(display=False, custom_mapping={operator: attention_flops}) as counter:
        run()
    return int(counter.get_total_flops())


def attention_flops(
    query: torch.Size,
    key: torch.Size,
    value: torch.Size,
    *_: object,
    **__: object,
) -> int:
    """Both products of attention over all pairs of rows, masked or not."""
    return 2 * math.prod(query[:3]) * key[-2] * (query[-1] + value[-1])
