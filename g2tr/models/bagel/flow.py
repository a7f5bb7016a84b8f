"""Rectified-flow sampling with text and image guidance.

Source: `generate_image`, `_forward_flow` of the official code; models-bagel.md section 10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from g2tr.errors import InputError
from g2tr.reducers.sinusoids import waves

THETA = 10_000.0
RENORMS = ("global", "channel", "text_channel")


@dataclass(frozen=True)
class Sampling:
    """How an image is denoised: `num_timesteps - 1` Euler steps and guidance in the interval (lo, hi] of time.

    `text_scale` at most 1 switches all guidance off, as in the official code; `renorm` is one of RENORMS.
    Defaults are those of BAGEL's editing demo.
    """

    num_timesteps: int = 50
    shift: float = 3.0
    text_scale: float = 4.0
    image_scale: float = 2.0
    interval: Sequence[float] = (0.0, 1.0)
    renorm: str = "text_channel"
    renorm_min: float = 0.0

    def __post_init__(self) -> None:
        if self.renorm not in RENORMS:
            raise InputError(f"unknown renorm {self.renorm!r}; there are {', '.join(RENORMS)}")
        if self.num_timesteps < 2:
            raise InputError(f"num_timesteps must be at least 2, got {self.num_timesteps}")

    def times(self) -> Float[Tensor, " s"]:
        """Falling times from 1 to 0, shifted towards noise."""
        t = torch.linspace(1, 0, self.num_timesteps)
        return self.shift * t / (1 + (self.shift - 1) * t)

    def guides(self, time: float) -> tuple[bool, bool]:
        """Whether text and image guidance act at this time."""
        active = self.text_scale > 1 and self.interval[0] < time <= self.interval[1]
        return active, active and self.image_scale > 1


def guide(
    v: Float[Tensor, "l p"],
    without_text: Float[Tensor, "l p"],
    without_image: Float[Tensor, "l p"] | None,
    sampling: Sampling,
) -> Float[Tensor, "l p"]:
    """The guided velocity, renormalised before (`text_channel`) or after image guidance."""
    guided = without_text + sampling.text_scale * (v - without_text)
    if sampling.renorm == "text_channel":
        guided = renormalise(guided, v, sampling)
    if without_image is not None:
        guided = without_image + sampling.image_scale * (guided - without_image)
    return guided if sampling.renorm == "text_channel" else renormalise(guided, v, sampling)


def renormalise(guided: Float[Tensor, "l p"], v: Float[Tensor, "l p"], sampling: Sampling) -> Float[Tensor, "l p"]:
    """Shrinks the guided velocity to the norm of v, per token or over all tokens, by no less than `renorm_min`."""
    axis = None if sampling.renorm == "global" else -1
    norms: list[Tensor] = [torch.linalg.vector_norm(x, dim=axis, keepdim=True) for x in (v, guided)]
    shrink = (norms[0] / (norms[1] + 1e-8)).clamp(sampling.renorm_min, 1.0)
    return guided * shrink


class TimeEmbedding(nn.Module):
    """Sinusoids of t in [0, 1] (not scaled), cosines first, through a two-layer MLP."""

    def __init__(self, width: int, frequencies: int = 256) -> None:
        super().__init__()
        self.frequencies = frequencies
        self.mlp = nn.Sequential(nn.Linear(frequencies, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, time: float | Float[Tensor, " s"]) -> Float[Tensor, "s d"]:
        """One row for each time; a number is one time."""
        weight = self.mlp[0].weight
        assert isinstance(weight, Tensor)
        seen = torch.cat(waves(torch.as_tensor(time).reshape(-1), self.frequencies // 2, THETA), dim=-1)
        out: Tensor = self.mlp(seen.to(weight))
        return out
