"""Moves the scale of an autoencoder's latents into its weights, so that the published constants hold."""

from typing import TYPE_CHECKING

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.models.bagel.config import VaeConfig

if TYPE_CHECKING:
    from diffusers import AutoencoderKL


@torch.no_grad()
def rescale_latents(vae: "AutoencoderKL", pixels: Float[Tensor, "b 3 h w"], config: VaeConfig) -> None:
    """Rescales latents m to a · m, such that scale · (a · m - shift) has deviation 1 on `pixels`.

    The encoder's last convolution takes a, the log variance 2 ln a, the decoder's first convolution 1 / a. The mean
    stays where it is: to move it would change the zeros with which that convolution pads.
    """
    a = 1 / (config.scale_factor * vae.encoder(pixels).chunk(2, dim=1)[0].std())
    last, channels = vae.encoder.conv_out, config.z_channels
    last.weight[:channels] *= a
    last.bias[:channels] *= a
    last.bias[channels:] += 2 * a.log()
    vae.decoder.conv_in.weight /= a
