"""Part one: the autoencoder."""

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from g2tr.models.bagel.config import VaeConfig
from g2tr.training.batches import CropBatches, Crops
from g2tr.training.latent_scale import rescale_latents
from g2tr.training.module import TrainingModule
from g2tr.training.schedule import Schedule
from g2tr.training.segments import pixels
from g2tr.training.shape import Shape

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

SCALES = 3
HELD_OUT = 1_000_000
NARROW = -6.0


def new_vae(shape: Shape, seed: int) -> "AutoencoderKL":
    """An untrained autoencoder; its posteriors start narrow, so that noise does not drown what it has to learn."""
    from diffusers import AutoencoderKL

    vae, levels = shape.vae, len(shape.vae["ch_mult"])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * levels,
            up_block_types=("UpDecoderBlock2D",) * levels,
            block_out_channels=tuple(vae["ch"] * factor for factor in vae["ch_mult"]),
            layers_per_block=vae["num_res_blocks"],
            latent_channels=vae["z_channels"],
            norm_num_groups=vae["norm_num_groups"],
            use_quant_conv=False,
            use_post_quant_conv=False,
        )
    with torch.no_grad():
        model.encoder.conv_out.bias[vae["z_channels"] :] = NARROW
    return model


class Autoencoder(TrainingModule):
    """Reconstructs scenes: `distance` and `kl` times the divergence of the posterior from a unit normal."""

    stream = "Autoencoder"

    def __init__(self, vae: "AutoencoderKL", plan: Schedule, pictures: CropBatches, workers: int, kl: float) -> None:
        super().__init__(vae, plan, pictures, pictures.seed, workers, pictures.pieces)
        self.pictures = pictures
        self.kl = kl

    @property
    def vae(self) -> "AutoencoderKL":
        """What the optimiser changes."""
        return self.network

    def training_step(self, batch: Crops, batch_idx: int) -> Float[Tensor, ""]:
        x = pixels(batch.images)
        mean, logvar = self.vae.encoder(x).float().chunk(2, dim=1)
        logvar = logvar.clamp(-30, 20)
        noise = torch.randn(mean.shape, generator=self.step_generator(), device=self.device)
        y = self.vae.decoder(mean + torch.exp(0.5 * logvar) * noise).float()
        divergence = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).mean()
        loss: Tensor = distance(x, y) + self.kl * divergence
        self.log_step(len(x), loss=loss, psnr=psnr_of(x, y.detach()))
        return loss

    def conclude(self, config: VaeConfig) -> "AutoencoderKL":
        """The averaged autoencoder, its latents scaled as published."""
        vae: AutoencoderKL = self.average.network.eval()
        rescale_latents(vae, pixels(self.pictures(HELD_OUT).paint(vae.device).images), config)
        return vae


def distance(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """|e| + 2 e² + 0.1 |∇e| for the error e, the mean over the images, the halved and the quartered ones.

    The square is what learns fast, the gradient what keeps edges; a larger share of it flattens the image for long.
    """
    total = x.new_zeros(())
    for _ in range(SCALES):
        error = y - x
        edges = error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()
        total = total + error.abs().mean() + 2 * error.square().mean() + 0.1 * edges
        x, y = F.avg_pool2d(x, 2), F.avg_pool2d(y, 2)
    return total / SCALES


def psnr_of(x: Float[Tensor, "b 3 h w"], y: Float[Tensor, "b 3 h w"]) -> Float[Tensor, ""]:
    """Peak signal-to-noise ratio in dB of values in [-1, 1], the mean over images."""
    errors = ((x - y.clamp(-1, 1)) / 2).square().mean((1, 2, 3))
    return (-10 * errors.clamp(min=1e-10).log10()).mean()
