"""The weights of the understanding half: transformers' modules under the names of the published checkpoint.

Source: sections 2 and 7 of models-internvl-u.md.
"""

import re
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor, nn

from g2tr.models.checkpoints.safetensors_io import TensorSource
from g2tr.models.internvl_u.config import SHUFFLE, InternVLUConfig, LanguageConfig, VisionConfig

SPECIAL_TOKENS = (
    "</box>",
    "<box>",
    "<IMG_CONTEXT>",
    "</img>",
    "<img>",
    "</quad>",
    "<quad>",
    "</ref>",
    "<ref>",
    "<img_uncond>",
)
PUBLISHED = (
    (r"embeddings\.cls_token", "embeddings.class_embedding"),
    (r"embeddings\.position_embeddings", "embeddings.position_embedding"),
    (r"embeddings\.patch_embeddings\.projection", "embeddings.patch_embedding"),
    (r"encoder\.layer\.", "encoder.layers."),
    (r"attention\.projection_layer", "attn.proj"),
    (r"attention\.[qkv]_proj", "attn.qkv"),
    (r"layernorm_before", "norm1"),
    (r"layernorm_after", "norm2"),
    (r"lambda_", "ls"),
)


def stored_as(name: str) -> TensorSource:
    """Where the checkpoint keeps one of our parameters; queries, keys and values of the ViT share a tensor."""
    if not name.startswith("vision_model."):
        return TensorSource(name)
    third = re.search(r"attention\.([qkv])_proj", name)
    for pattern, published in PUBLISHED:
        name = re.sub(pattern, published, name)
    return TensorSource(name, "qkv".index(third[1]), 3) if third else TensorSource(name)


def vision_model(config: VisionConfig) -> Any:  # noqa: ANN401 - transformers has no types
    """An InternViT as the checkpoint has it: no final norm, no norms of queries and keys, layer scales."""
    from transformers import InternVLVisionConfig, InternVLVisionModel

    return InternVLVisionModel(InternVLVisionConfig(**asdict(config), attention_bias=True))


def qwen_config(config: LanguageConfig) -> Any:  # noqa: ANN401 - transformers has no types
    """The language model's sizes as transformers wants them."""
    from transformers import Qwen3Config

    stated = asdict(config)
    rope = {"rope_type": "default", "rope_theta": stated.pop("rope_theta")}
    return Qwen3Config(**stated, rope_parameters=rope)


class InternVLUNetwork(nn.Module):
    """ViT, connector, language model, and the embeddings that replace those of ten special tokens."""

    def __init__(self, config: InternVLUConfig) -> None:
        from transformers import Qwen3ForCausalLM

        super().__init__()
        width, inputs = config.language.hidden_size, SHUFFLE**2 * config.vision.hidden_size
        self.config = config
        self.vision_model = vision_model(config.vision)
        layers = (nn.LayerNorm(inputs), nn.Linear(inputs, width), nn.GELU(), nn.Linear(width, width))
        self.mlp1 = nn.Sequential(*layers)
        self.special_token_embedding = nn.Embedding(len(SPECIAL_TOKENS), width)
        self.language_model = Qwen3ForCausalLM(qwen_config(config.language))

    @property
    def weight(self) -> Tensor:
        """A parameter, for its device and dtype."""
        return self.special_token_embedding.weight


def empty_network(config: InternVLUConfig) -> InternVLUNetwork:
    """The network on the meta device: shapes without memory."""
    with torch.device("meta"):
        return InternVLUNetwork(config).eval().requires_grad_(False)
