"""How the generation decoder sees time and place: sinusoids of the time, and rotations by 3-D positions.

Source: section 5 of models-internvl-u.md. Axes: s tokens, d width, h heads, e head width, r = e / 2 channel pairs.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Complex, Float
from torch import Tensor, nn

from g2tr.reducers.sinusoids import angles, waves

THETA = 10_000.0
WAVES = 256
TIME_SCALE = 1000.0


class TimestepEmbedder(nn.Module):
    """Two layers over sinusoids of the time, cosines first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(WAVES, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, waves: Float[Tensor, " w"]) -> Float[Tensor, " d"]:
        out: Tensor = self.linear_2(F.silu(self.linear_1(waves.to(self.linear_1.weight))))
        return out


class TimeEmbedding(nn.Module):
    """A time in [0, 1000] in model width: sinusoids of 1000 · t · θ^(-k/128), then two layers.

    The official code computes these angles, of up to 1e6 radians, in float32: its sinusoids differ between processors
    by up to a tenth. Ours are those of the formula.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.timestep_embedder = TimestepEmbedder(width)

    def forward(self, time: Float[Tensor, ""]) -> Float[Tensor, " d"]:
        cos, sin = waves(TIME_SCALE * time.double().reshape(1), WAVES // 2, THETA)
        out: Tensor = self.timestep_embedder(torch.cat([cos[0], sin[0]]))
        return out


def rotations(positions: Float[Tensor, "s 3"], axes: Sequence[int]) -> Complex[Tensor, "s r"]:
    """Unit complex numbers that turn pairs of channels.

    An axis of position has `axes[i]` channels of each head; its pair k turns at rate θ^(-2k / axes[i]).
    """
    phase = torch.cat([angles(positions[:, axis], width // 2, THETA) for axis, width in enumerate(axes)], dim=-1)
    return torch.complex(phase.cos().float(), phase.sin().float())


def rotate(x: Float[Tensor, "s h e"], rotaries: Complex[Tensor, "s r"]) -> Float[Tensor, "s h e"]:
    """Turns neighbouring pairs of channels, in float32."""
    pairs = torch.view_as_complex(x.float().unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * rotaries[:, None]).flatten(-2).type_as(x)
