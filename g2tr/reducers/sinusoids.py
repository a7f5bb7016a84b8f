"""Sinusoids of times and positions, the same on every processor.

Float32 libraries differ in the last bit of a power, and an angle of many radians multiplies that difference. So rates
and angles are float64 here, and their sines and cosines are rounded to float32 once.
Shapes: t times or positions, r rates.
"""

import torch
from jaxtyping import Float, Float64, Shaped
from torch import Tensor

Waves = tuple[Float[Tensor, "t r"], Float[Tensor, "t r"]]


def rates(count: int, theta: float) -> Float64[Tensor, " r"]:
    """θ^(-k / count) for k from 0 to count - 1, in radians per position."""
    powers = torch.arange(count, dtype=torch.float64) / count
    return torch.pow(torch.tensor(theta, dtype=torch.float64), -powers)


def angles(positions: Shaped[Tensor, " t"], count: int, theta: float) -> Float64[Tensor, "t r"]:
    """Position times rate, in radians."""
    return positions.double()[:, None] * rates(count, theta).to(positions.device)


def waves(positions: Shaped[Tensor, " t"], count: int, theta: float) -> Waves:
    """Cosines and sines of `angles`, in float32."""
    turned = angles(positions, count, theta)
    return turned.cos().float(), turned.sin().float()
