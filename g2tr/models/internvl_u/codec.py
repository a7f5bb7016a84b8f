"""Images ↔ normalised latents of the Qwen-Image autoencoder; z channels, y, x latent rows and columns.

Source: `pixels_to_latents` and the decoding of the official code; models-internvl-u.md section 4.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from g2tr.models.internvl_u.autoencoder import encode_flops
from g2tr.models.internvl_u.autoencoder_config import downsample_of
from g2tr.reducers.tokens import Grid, LatentGrid

if TYPE_CHECKING:
    from diffusers import AutoencoderKLQwenImage


@dataclass(frozen=True, eq=False)
class Posterior:
    """Mean (which is the mode) and standard deviation of normalised latents."""

    mean: Float[Tensor, "z y x"]
    std: Float[Tensor, "z y x"]


@dataclass(frozen=True, eq=False)
class LatentCodec:
    """Pixels ↔ latents that are normalised per channel, (m - latents_mean) / latents_std; either form of the VAE.

    `load` reads its weights, which happens when it is first used.
    """

    settings: Mapping[str, Any]
    load: Callable[[], "AutoencoderKLQwenImage"]

    @classmethod
    def of(cls, vae: "AutoencoderKLQwenImage") -> "LatentCodec":
        """A codec whose autoencoder is there."""
        return cls(vae.config, lambda: vae)

    @cached_property
    def vae(self) -> "AutoencoderKLQwenImage":
        return self.load()

    @property
    def downsample(self) -> int:
        """Pixels per latent, along a side."""
        return downsample_of(self.settings)

    @property
    def scale(self) -> tuple[Float[Tensor, "z 1 1"], Float[Tensor, "z 1 1"]]:
        """Mean and standard deviation of raw latents."""
        mean, std = (torch.tensor(self.vae.config[name]) for name in ("latents_mean", "latents_std"))
        return mean[:, None, None].to(self.vae.device), std[:, None, None].to(self.vae.device)

    def moments(self, pixels: Float[Tensor, "3 h w"]) -> tuple[Float[Tensor, "z y x"], Float[Tensor, "z y x"]]:
        """Mean and log variance of raw latents of an image with values in [-1, 1]."""
        frame = pixels[None, :, None].to(self.vae.device, self.vae.dtype)
        mean, logvar = self.vae.quant_conv(self.vae.encoder(frame))[0, :, 0].float().chunk(2)
        return mean, logvar

    def encode(self, pixels: Float[Tensor, "3 h w"]) -> Posterior:
        """The posterior of an image with values in [-1, 1]."""
        (raw, logvar), (mean, std) = self.moments(pixels), self.scale
        return Posterior((raw - mean) / std, torch.exp(0.5 * logvar.clamp(-30, 20)) / std)

    def decode(self, latent: Float[Tensor, "z y x"]) -> UInt8[Tensor, "h w 3"]:
        """The image of a latent, 127.5 · value + 128 rounded down, as the official code does."""
        mean, std = self.scale
        raw = (latent.to(mean) * std + mean)[None, :, None].to(self.vae.dtype)
        pixels: Tensor = self.vae.decoder(self.vae.post_quant_conv(raw))[0, :, 0].float()
        return (127.5 * pixels.clamp(-1, 1) + 128).clamp(0, 255).permute(1, 2, 0).to("cpu", torch.uint8)

    def flops(self, size: Grid, single_frame: bool = True) -> int:
        """FLOPs of encoding (height, width) pixels, in the 2-D form or in the library's."""
        return encode_flops(self.settings, size, single_frame)


def latent_grid(posterior: Posterior, width: int) -> LatentGrid:
    """The posterior as evidence: single latents, and the interpolation of their channels to LLM width."""
    mean, std = posterior.mean.permute(1, 2, 0), posterior.std.permute(1, 2, 0)
    return LatentGrid(mean, std, partial(stretch_channels, width=width))


def stretch_channels(latents: Float[Tensor, "m z"], width: int) -> Float[Tensor, "m d"]:
    """Linear interpolation along the channels with half-pixel centres, as the G²TR release does for InternVL-U."""
    return F.interpolate(latents[:, None], width, mode="linear", align_corners=False)[:, 0]
