"""Noise from integer hashes: the same on every device, without a generator."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import interpolate

MASK = 0xFFFFFFFF


def lattice(seeds: Int[Tensor, " n"], rows: int, columns: int, salt: int) -> Float[Tensor, "n rows columns"]:
    """Uniform numbers in [0, 1), one per point; `salt` tells fields of one seed apart."""
    i = torch.arange(rows, device=seeds.device)[:, None]
    j = torch.arange(columns, device=seeds.device)
    value = scramble(scramble(seeds + salt * 0x9E3779B1)[:, None, None] + i * 0x85EBCA77 + j * 0xC2B2AE3D)
    return value.float() / 2**32


def scramble(value: Int[Tensor, "*s"]) -> Int[Tensor, "*s"]:
    """Mixes the bits of 32-bit numbers (the finaliser of a multiply-xorshift hash)."""
    value = value & MASK
    for factor in (0x7FEB352D, 0x846CA68B):
        value = ((value ^ (value >> 16)) * factor) & MASK
    return value ^ (value >> 16)


def smooth(seeds: Int[Tensor, " n"], size: tuple[int, int], step: int, salt: int) -> Float[Tensor, "n h w"]:
    """Bicubic noise between lattice points `step` px apart, mean 0, about within ±1."""
    height, width = size
    rows, columns = (math.ceil(side / step) + 1 for side in size)
    points = 2 * lattice(seeds, rows, columns, salt) - 1
    wide = ((rows - 1) * step + 1, (columns - 1) * step + 1)
    return interpolate(points[:, None], wide, mode="bicubic", align_corners=True)[:, 0, :height, :width]


def octaves(
    seeds: Int[Tensor, " n"], size: tuple[int, int], steps: tuple[int, ...], salt: int = 0
) -> Float[Tensor, "n h w"]:
    """Σ_o 0.55^o smooth noise, from the coarsest to the finest step."""
    fields = [0.55**o * smooth(seeds, size, step, salt + o) for o, step in enumerate(steps)]
    return torch.stack(fields).sum(0)
