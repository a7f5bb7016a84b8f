"""The ViT of BAGEL (SigLIP in NaViT form), the connector and the fixed position tables."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from g2tr.models.bagel.config import VisionConfig
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.layout import Layout, pack


class Mlp(nn.Module):
    """fc2(gelu_tanh(fc1(x)))."""

    def __init__(self, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.fc2 = nn.Linear(hidden, outputs)

    def forward(self, x: Float[Tensor, "n i"]) -> Float[Tensor, "n o"]:
        out: Tensor = self.fc2(F.gelu(self.fc1(x), approximate="tanh"))
        return out


class SelfAttention(nn.Module):
    """Full attention within each image."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "n v"], layout: Layout, attend: Attend) -> Float[Tensor, "n v"]:
        q, k, v = (f(x).unflatten(-1, (self.heads, -1)) for f in (self.q_proj, self.k_proj, self.v_proj))
        out: Tensor = self.out_proj(attend(q, k, v, layout, False).flatten(-2))
        return out


class VisionLayer(nn.Module):
    """x += attention(norm(x)); x += mlp(norm(x))."""

    def __init__(self, config: VisionConfig) -> None:
        super().__init__()
        width = config.hidden_size
        self.layer_norm1 = nn.LayerNorm(width, config.layer_norm_eps)
        self.self_attn = SelfAttention(config)
        self.layer_norm2 = nn.LayerNorm(width, config.layer_norm_eps)
        self.mlp = Mlp(width, config.intermediate_size, width)

    def forward(self, x: Float[Tensor, "n v"], layout: Layout, attend: Attend) -> Float[Tensor, "n v"]:
        x = x + self.self_attn(self.layer_norm1(x), layout, attend)
        x = x + self.mlp(self.layer_norm2(x))
        return x


class VisionEncoder(nn.Module):
    """Patches of one or several images → ViT features. Source: `SiglipVisionTransformer` of the official code."""

    def __init__(self, config: VisionConfig, side: int) -> None:
        super().__init__()
        width = config.hidden_size
        self.patch_embedding = nn.Linear(3 * config.patch_size**2, width)
        self.position_embedding = nn.Embedding(side**2, width)
        self.layers = nn.ModuleList([VisionLayer(config) for _ in range(config.used_layers)])
        self.post_layernorm = nn.LayerNorm(width, config.layer_norm_eps)

    def forward(
        self, patches: Float[Tensor, "n p"], positions: Int[Tensor, " n"], counts: Sequence[int], attend: Attend
    ) -> Float[Tensor, "n v"]:
        layout = pack(counts, [0] * len(counts), patches.device)
        x: Tensor = self.patch_embedding(patches) + self.position_embedding(positions)
        for layer in self.layers:
            x = layer(x, layout, attend)
        x = self.post_layernorm(x)
        return x


class PositionTable(nn.Module):
    """A stored sin-cos table, one row for each cell of a square grid."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.empty(side**2, width), requires_grad=False)

    def forward(self, positions: Int[Tensor, " n"]) -> Float[Tensor, "n d"]:
        return self.pos_embed[positions]
