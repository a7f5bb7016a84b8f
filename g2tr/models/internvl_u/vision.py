"""From one square tile to visual tokens: InternViT, pixel shuffle, connector.

Source: `extract_feature`, `pixel_shuffle_v2` of the official code; section 3 of models-internvl-u.md.
"""

from typing import Any

from jaxtyping import Float
from torch import Tensor

from g2tr.models.engine.attention_evidence import received_attention
from g2tr.models.internvl_u.config import SHUFFLE
from g2tr.models.internvl_u.network import InternVLUNetwork
from g2tr.reducers.tokens import Grid


def pixel_shuffle(patches: Float[Tensor, "p v"], grid: Grid) -> Float[Tensor, "n w"]:
    """Blocks of 2 x 2 patches side by side, each in the order (row, column, channel); n = p/4, w = 4v."""
    height, width = (side // SHUFFLE for side in grid)
    blocks = patches.reshape(height, SHUFFLE, width, SHUFFLE, -1)
    return blocks.transpose(1, 2).reshape(height * width, -1)


def received_by_tokens(layer: Any, rows: Float[Tensor, "r v"], grid: Grid) -> Float[Tensor, " n"]:  # noqa: ANN401
    """Attention that each token's 2 x 2 patches receive together in a layer, mean over heads and queries.

    CLS asks like the patches, but what it receives belongs to no token and is left out.
    """
    normed, attention = layer.layernorm_before(rows), layer.attention
    q, k = (f(normed).unflatten(-1, (attention.num_heads, -1)) for f in (attention.q_proj, attention.k_proj))
    return pixel_shuffle(received_attention(q, k)[1:, None], grid).sum(-1)


def see(
    network: InternVLUNetwork, pixels: Float[Tensor, "3 h w"], listening: bool = False
) -> tuple[Float[Tensor, "n d"], list[Float[Tensor, " n"]]]:
    """Visual tokens in LLM width, and, where `listening`, the attention that they receive in each layer."""
    patch = network.config.vision.patch_size
    grid, received = (pixels.shape[1] // patch, pixels.shape[2] // patch), []
    rows = network.vision_model.embeddings(pixels[None].to(network.weight))
    for layer in network.vision_model.encoder.layer:
        if listening:
            received.append(received_by_tokens(layer, rows[0], grid))
        rows = layer(rows)
    features: Tensor = network.mlp1(pixel_shuffle(rows[0, 1:], grid))
    return features, received
