"""The Qwen-Image autoencoder for single images: diffusers' AutoencoderKLQwenImage, its 3-D convolutions made 2-D.

A causal convolution sees zeros before the first frame, so for one frame only the last temporal slice of its kernel
counts. Time convolutions of the resampling layers do not run on a first frame, neither here nor in the library.
Source: models-internvl-u.md sections 2 and 6.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from g2tr.errors import InputError
from g2tr.models.internvl_u.autoencoder_config import check_autoencoder
from g2tr.reducers.tokens import Grid

if TYPE_CHECKING:
    from diffusers import AutoencoderKLQwenImage


class FrameConv(nn.Module):
    """What a causal 3-D convolution does to a single frame."""

    def __init__(self, conv: nn.Conv3d) -> None:
        super().__init__()
        self.weight = nn.Parameter(conv.weight[:, :, -1].contiguous(), requires_grad=False)
        self.bias = conv.bias

    def forward(self, x: Float[Tensor, "1 i 1 h w"]) -> Float[Tensor, "1 o 1 h w"]:
        return F.conv2d(x[:, :, 0], self.weight, self.bias, padding="same")[:, :, None]


def build_vae(
    settings: Mapping[str, object], where: Path = Path("vae/config.json"), decoder: bool = True
) -> "AutoencoderKLQwenImage":
    """The library's autoencoder by the contents of a file, with or without its decoding half.

    Raises `InputError` where they do not fit.
    """
    from diffusers import AutoencoderKLQwenImage

    check_autoencoder(settings, where)
    try:
        vae: AutoencoderKLQwenImage = AutoencoderKLQwenImage.from_config(dict(settings))
    except (TypeError, ValueError, IndexError) as error:
        raise InputError(f"{where} does not describe an AutoencoderKLQwenImage: {error}") from None
    channels = vae.config.z_dim
    for name in ("latents_mean", "latents_std"):
        if len(vae.config[name]) != channels:
            raise InputError(f"{where}: {name} must have z_dim = {channels} numbers, got {len(vae.config[name])}")
    if not decoder:
        del vae.decoder, vae.post_quant_conv
    return vae.eval().requires_grad_(False)


def to_single_frame(vae: "AutoencoderKLQwenImage") -> "AutoencoderKLQwenImage":
    """The same object with a 2-D convolution in place of every 3-D one that a single frame passes through.

    Its parts `encoder`, `quant_conv`, `post_quant_conv` and `decoder` then take one frame, (1, c, 1, h, w);
    its video methods no longer work.
    """
    for parent in list(vae.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Conv3d) and name != "time_conv":
                setattr(parent, name, FrameConv(child))
    return vae


def encode_flops(settings: Mapping[str, object], size: Grid, single_frame: bool = True) -> int:
    """FLOPs of encoding an image of (height, width) pixels, counted on tensors without memory.

    `single_frame` counts the exact 2-D form, else the library's 3-D convolutions.
    """
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        vae = build_vae(settings, decoder=False)
        pixels = torch.empty(1, 3, 1, *size)
    with FlopCounterMode(display=False) as counter:
        form = to_single_frame(vae) if single_frame else vae
        form.quant_conv(form.encoder(pixels))
    return int(counter.get_total_flops())
