"""Textures of backgrounds: what is added, times 0.06, to a background's colour.

The first five are those of v1; the others imitate photographs: cloud, patches, planes that meet, grain, leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.scenes.noise import lattice, octaves

Field = Float[Tensor, "n h w"]


@dataclass(frozen=True, eq=False)
class Ground:
    """Where and with which chance a texture is drawn: pixel centres in px, phases in radians, seeds."""

    x: Float[Tensor, "1 1 w"]
    y: Float[Tensor, "1 h 1"]
    phi: Float[Tensor, "n 1 1"]
    seeds: Int[Tensor, " n"]

    @property
    def size(self) -> tuple[int, int]:
        return self.y.numel(), self.x.numel()


def plain(at: Ground) -> Field:
    """Nothing."""
    return at.phi * 0 + at.x * 0 + at.y * 0


def stripes(at: Ground) -> Field:
    """Waves from corner to corner."""
    return torch.sin(0.22 * (at.x + at.y) + at.phi)


def checks(at: Ground) -> Field:
    """A board."""
    return torch.sign(torch.sin(0.2 * at.x + at.phi) * torch.sin(0.2 * at.y + at.phi))


def ramp(at: Ground) -> Field:
    """A slope in the direction of the phase."""
    return (at.x * torch.cos(at.phi) + at.y * torch.sin(at.phi)) / 224


def dots(at: Ground) -> Field:
    """Light spots in rows."""
    return 1.4 * (torch.sin(0.35 * at.x + at.phi) * torch.sin(0.35 * at.y) > 0.6).float()


def clouds(at: Ground) -> Field:
    """Noise of five octaves."""
    return 3.2 * octaves(at.seeds, at.size, (96, 48, 24, 12, 6))


def blobs(at: Ground) -> Field:
    """Light patches with a sharp rim on uneven ground."""
    field = octaves(at.seeds, at.size, (56, 28, 14), salt=10)
    return 3.5 * torch.tanh(14 * field) + 1.5 * octaves(at.seeds, at.size, (20, 7), salt=20)


def planes(at: Ground) -> Field:
    """Four half planes that shade off, their edges sharp, over faint noise."""
    chance = lattice(at.seeds, 4, 3, salt=30)[:, :, :, None, None]
    height, width = at.size
    angle = 6.2832 * chance[:, :, 0]
    across = at.x[:, None] - width * (0.2 + 0.6 * chance[:, :, 1])
    down = at.y[:, None] - height * (0.2 + 0.6 * chance[:, :, 2])
    depth = across * torch.cos(angle) + down * torch.sin(angle)
    return (1.1 * torch.tanh(depth) + depth / 150).sum(1) + 1.5 * octaves(at.seeds, at.size, (16, 5), salt=40)


def grain(at: Ground) -> Field:
    """Stripes bent by noise, like wood."""
    bend = octaves(at.seeds, at.size, (80, 40, 20), salt=50)
    along = at.x * torch.cos(at.phi) + at.y * torch.sin(at.phi)
    return 3.2 * torch.sin(0.2 * along + 6 * bend) + 1.5 * octaves(at.seeds, at.size, (18, 6), salt=60)


def leaves(at: Ground) -> Field:
    """Small light and dark flakes, like foliage: contrast everywhere."""
    return 3.4 * torch.tanh(3 * octaves(at.seeds, at.size, (18, 9, 5), salt=70))


TEXTURES: dict[str, Callable[[Ground], Field]] = {
    "plain": plain,
    "stripes": stripes,
    "checks": checks,
    "ramp": ramp,
    "dots": dots,
    "clouds": clouds,
    "blobs": blobs,
    "planes": planes,
    "grain": grain,
    "leaves": leaves,
}
