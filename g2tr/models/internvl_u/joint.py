"""A block of the generation decoder: two streams of tokens with layers of their own, and attention over both.

Source: section 5 of models-internvl-u.md; module names are those of the checkpoint. Axes: l tokens of the image
stream (generated and reference latents), t of the text stream (conditioning), s = l + t, d width, h heads,
e head width.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor, nn

from g2tr.models.internvl_u.embedding import rotate

EPS = 1e-6


class Stream(NamedTuple):
    """The attention layers of one stream; `q` yields queries and gates."""

    q: nn.Module
    k: nn.Module
    v: nn.Module
    norm_q: nn.Module
    norm_k: nn.Module
    out: nn.Module


class JointAttention(nn.Module):
    """Attention over both streams, each with its own layers; a sigmoid gate acts after the out projection."""

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        width = heads * head_dim
        self.heads = heads
        self.to_q, self.add_q_proj = nn.Linear(width, 2 * width), nn.Linear(width, 2 * width)
        self.to_k, self.add_k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.to_v, self.add_v_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.norm_q, self.norm_added_q = nn.RMSNorm(head_dim, EPS), nn.RMSNorm(head_dim, EPS)
        self.norm_k, self.norm_added_k = nn.RMSNorm(head_dim, EPS), nn.RMSNorm(head_dim, EPS)
        self.to_out, self.to_add_out = nn.ModuleList([nn.Linear(width, width)]), nn.Linear(width, width)

    def streams(self) -> tuple[Stream, Stream]:
        """The layers of the image stream and of the text stream."""
        return (
            Stream(self.to_q, self.to_k, self.to_v, self.norm_q, self.norm_k, self.to_out[0]),
            Stream(
                self.add_q_proj,
                self.add_k_proj,
                self.add_v_proj,
                self.norm_added_q,
                self.norm_added_k,
                self.to_add_out,
            ),
        )

    def forward(
        self, image: Float[Tensor, "l d"], text: Float[Tensor, "t d"], rotaries: Complex[Tensor, "s r"]
    ) -> tuple[Float[Tensor, "l d"], Float[Tensor, "t d"]]:
        parts = zip(*map(self.project, (image, text), self.streams()), strict=True)
        q, k, v, gate = (torch.cat(part) for part in parts)
        q, k, v = (x.transpose(0, 1)[None] for x in (rotate(q, rotaries), rotate(k, rotaries), v))
        seen = F.scaled_dot_product_attention(q, k, v)[0].transpose(0, 1).flatten(1)
        lengths = [len(image), len(text)]
        outs = [stream.out(rows) for stream, rows in zip(self.streams(), seen.split(lengths), strict=True)]
        image_gate, text_gate = gate.flatten(1).sigmoid().split(lengths)
        return outs[0] * image_gate, outs[1] * text_gate

    def project(self, x: Float[Tensor, "n d"], stream: Stream) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries, keys, values and gates, each "n h e"."""
        query, gate = stream.q(x).unflatten(-1, (self.heads, -1)).chunk(2, dim=-1)
        key, value = (layer(x).unflatten(-1, (self.heads, -1)) for layer in (stream.k, stream.v))
        return stream.norm_q(query), stream.norm_k(key), value, gate


class GeluLayer(nn.Module):
    """A linear layer and a GELU in its tanh form."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, hidden)

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        return F.gelu(self.proj(x), approximate="tanh")


class FeedForward(nn.Module):
    """Two layers, four times as wide inside; the checkpoint counts a dropout between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GeluLayer(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        out: Tensor = self.net(x)
        return out


def modulation(width: int) -> nn.Sequential:
    """What shifts, scales and gates both halves of a block, from the time embedding."""
    return nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))


def modulate(x: Float[Tensor, "n d"], shift: Float[Tensor, " d"], scale: Float[Tensor, " d"]) -> Float[Tensor, "n d"]:
    """LayerNorm without own weights, then scale and shift."""
    return F.layer_norm(x, x.shape[-1:], eps=EPS) * (1 + scale) + shift


class Block(nn.Module):
    """Joint attention, then a feed-forward layer per stream; all residuals are gated by the time."""

    def __init__(self, heads: int, head_dim: int) -> None:
        super().__init__()
        width = heads * head_dim
        self.attn = JointAttention(heads, head_dim)
        self.img_mod, self.txt_mod = modulation(width), modulation(width)
        self.img_mlp, self.txt_mlp = FeedForward(width), FeedForward(width)

    def forward(
        self,
        image: Float[Tensor, "l d"],
        text: Float[Tensor, "t d"],
        time: Float[Tensor, " d"],
        rotaries: Complex[Tensor, "s r"],
    ) -> tuple[Float[Tensor, "l d"], Float[Tensor, "t d"]]:
        for_image, for_text = self.img_mod(time).chunk(6), self.txt_mod(time).chunk(6)
        seen = self.attn(modulate(image, *for_image[:2]), modulate(text, *for_text[:2]), rotaries)
        image, text = image + for_image[2] * seen[0], text + for_text[2] * seen[1]
        image = image + for_image[5] * self.img_mlp(modulate(image, *for_image[3:5]))
        text = text + for_text[5] * self.txt_mlp(modulate(text, *for_text[3:5]))
        return image, text
