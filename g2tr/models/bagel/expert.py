"""One set of weights of a BAGEL decoder layer, with its norms and rotary positions.

Source: `Qwen2MoTDecoderLayer`, `PackedAttentionMoT` of the official code; models-bagel.md section 6.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from g2tr.models.bagel.config import LanguageConfig
from g2tr.reducers.sinusoids import waves

Rotation = tuple[Float[Tensor, "t 1 e"], Float[Tensor, "t 1 e"]]


class RMSNorm(nn.Module):
    """w · x / rms(x), computed in float32."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Float[Tensor, "*r d"]) -> Float[Tensor, "*r d"]:
        wide = x.float()
        return self.weight * (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + self.eps)).to(x.dtype)


def rotation(positions: Int[Tensor, " t"], width: int, theta: float) -> Rotation:
    """Cosines and sines of rotary positions, both halves of the head alike."""
    cos, sin = (torch.cat([part, part], dim=-1)[:, None] for part in waves(positions, width // 2, theta))
    return cos, sin


def rotate(x: Float[Tensor, "t h e"], rotary: Rotation) -> Float[Tensor, "t h e"]:
    """Rotary embedding in half-split form."""
    cos, sin = (part.to(x.dtype) for part in rotary)
    low, high = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-high, low], dim=-1) * sin


class Expert(nn.Module):
    """The weights of a layer: `project` is what comes before attention, `finish` what follows it."""

    def __init__(self, config: LanguageConfig) -> None:
        super().__init__()
        d, e, eps = config.hidden_size, config.head_dim, config.rms_norm_eps
        h, g, m = config.num_attention_heads, config.num_key_value_heads, config.intermediate_size
        self.head_dim = e
        self.input_layernorm, self.post_attention_layernorm = RMSNorm(d, eps), RMSNorm(d, eps)
        self.q_proj, self.o_proj = nn.Linear(d, h * e), nn.Linear(h * e, d, bias=False)
        self.k_proj, self.v_proj = nn.Linear(d, g * e), nn.Linear(d, g * e)
        self.q_norm, self.k_norm = RMSNorm(e, eps), RMSNorm(e, eps)
        self.gate_proj, self.up_proj = nn.Linear(d, m, bias=False), nn.Linear(d, m, bias=False)
        self.down_proj = nn.Linear(m, d, bias=False)

    def project(self, x: Float[Tensor, "r d"], rotary: Rotation, precise: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values ("r h e", "r g e", "r g e"); `precise` turns q and k in float32."""
        x = self.input_layernorm(x)
        q, k, v = (f(x).unflatten(-1, (-1, self.head_dim)) for f in (self.q_proj, self.k_proj, self.v_proj))
        if precise:
            q, k = q.float(), k.float()
        q, k = rotate(self.q_norm(q), rotary), rotate(self.k_norm(k), rotary)
        return q.to(v.dtype), k.to(v.dtype), v

    def finish(self, x: Float[Tensor, "r d"], attended: Float[Tensor, "r h e"]) -> Float[Tensor, "r d"]:
        """Output projection and gated MLP, each with its residual."""
        x = x + self.o_proj(attended.flatten(-2))
        y = self.post_attention_layernorm(x)
        x = x + self.down_proj(F.silu(self.gate_proj(y)) * self.up_proj(y))
        return x
