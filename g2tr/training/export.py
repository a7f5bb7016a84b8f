"""Trained weights in the files and under the names of a published BAGEL checkpoint."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save_file
from torch import Tensor

from g2tr.models.bagel.autoencoder import ldm_name
from g2tr.models.bagel.network import BagelNetwork, published_name

if TYPE_CHECKING:
    from diffusers import AutoencoderKL


def write_network(network: BagelNetwork, path: Path) -> None:
    """`ema.safetensors`: every weight in bfloat16."""
    save(path, {published_name(name): value.to(torch.bfloat16) for name, value in network.state_dict().items()})


def write_vae(vae: "AutoencoderKL", path: Path) -> None:
    """`ae.safetensors`: every weight in float16; attention stands there as 1 x 1 convolutions."""
    levels, tensors = len(vae.config.block_out_channels), {}
    for name, value in vae.state_dict().items():
        key = ldm_name(name, levels)
        convolved = ".attn_1." in key and value.ndim == 2
        tensors[key] = (value[:, :, None, None] if convolved else value).to(torch.float16)
    save(path, tensors)


def save(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Writes a file so that a kill leaves the whole of it or nothing."""
    part = path.with_name(f".{path.name}.part")
    save_file({key: value.detach().cpu().contiguous() for key, value in tensors.items()}, part)
    os.replace(part, path)  # noqa: PTH105 - the rename must be atomic on every platform


def megabytes(folder: Path) -> float:
    """Size of all files of a checkpoint in MB (10^6 bytes)."""
    return sum(path.stat().st_size for path in folder.iterdir()) / 1e6
