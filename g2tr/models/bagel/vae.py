"""BAGEL's autoencoder: diffusers' AutoencoderKL behind scaled latents and their patches.

Source: `autoencoder.py`, `patchify` of the official code; models-bagel.md sections 3 and 9.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.func import functional_call

from g2tr.models.bagel.config import BagelConfig
from g2tr.reducers.tokens import Grid

if TYPE_CHECKING:
    from diffusers import AutoencoderKL


@dataclass(frozen=True, eq=False)
class Posterior:
    """Mean and standard deviation of scaled latents, z = scale · (m - shift)."""

    mean: Float[Tensor, "c h w"]
    std: Float[Tensor, "c h w"]

    def sample(self, generator: torch.Generator) -> Float[Tensor, "c h w"]:
        """One draw; noise comes from the CPU, so a seed means the same on every device."""
        noise = torch.randn((1, *self.mean.shape), generator=generator)[0]
        return self.mean + self.std * noise.to(self.mean)


@dataclass(frozen=True, eq=False)
class LatentCodec:
    """Pixels ↔ scaled latents ↔ latent patches."""

    vae: "AutoencoderKL"
    config: BagelConfig

    @property
    def downsample(self) -> int:
        """Pixels per latent, along a side."""
        return int(2 ** (len(self.vae.config.block_out_channels) - 1))

    def encode(self, pixels: Float[Tensor, "3 h w"]) -> Posterior:
        """The posterior of the scaled latent of one image."""
        moments = self.vae.encoder(pixels[None].to(self.vae.dtype))[0].float()
        mean, logvar = moments.chunk(2)
        std = torch.exp(0.5 * logvar.clamp(-30, 20))
        scale, shift = self.config.vae.scale_factor, self.config.vae.shift_factor
        return Posterior(scale * (mean - shift), scale * std)

    def decode(self, latent: Float[Tensor, "c h w"]) -> UInt8[Tensor, "y x 3"]:
        """The image of a scaled latent, as the official code rounds it (downwards)."""
        raw = latent / self.config.vae.scale_factor + self.config.vae.shift_factor
        pixels: Tensor = self.vae.decoder(raw[None].to(self.vae.dtype))[0].float()
        return ((pixels * 0.5 + 0.5).clamp(0, 1) * 255).permute(1, 2, 0).to("cpu", torch.uint8)

    def to_patches(self, latent: Float[Tensor, "c y x"]) -> Float[Tensor, "h w p"]:
        """Latent patches, each in the order (row, column, channel); a remainder at the edge is cut off."""
        p = self.config.latent_patch
        channels, height, width = latent.shape
        h, w = height // p, width // p
        blocks = latent[:, : h * p, : w * p].reshape(channels, h, p, w, p)
        return blocks.permute(1, 3, 2, 4, 0).reshape(h, w, p * p * channels)

    def from_patches(self, patches: Float[Tensor, "h w p"]) -> Float[Tensor, "c y x"]:
        """The latent that `to_patches` cut."""
        p, (h, w, _) = self.config.latent_patch, patches.shape
        blocks = patches.reshape(h, w, p, p, self.config.vae.z_channels)
        return blocks.permute(4, 0, 2, 1, 3).reshape(-1, h * p, w * p)


def encode_flops(codec: LatentCodec, size: Grid) -> int:
    """FLOPs of encoding an image of (height, width) pixels, counted on tensors without memory."""
    from torch.utils.flop_counter import FlopCounterMode

    encoder = codec.vae.encoder
    weights = {name: weight.to("meta") for name, weight in encoder.state_dict().items()}
    with FlopCounterMode(display=False) as counter:
        functional_call(encoder, weights, (torch.empty(1, 3, *size, device="meta"),))
    return int(counter.get_total_flops())
