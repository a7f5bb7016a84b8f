import pytest
import torch

from g2tr.models.bagel.config import BagelConfig, LanguageConfig, VaeConfig, VisionConfig
from g2tr.models.bagel.vae import LatentCodec
from g2tr.scenes.batches import question_batches
from g2tr.scenes.canvas import paint
from g2tr.scenes.render import CPU
from g2tr.scenes.versions import world
from g2tr.training.autoencoder_module import new_vae, psnr_of
from g2tr.training.latent_scale import rescale_latents
from g2tr.training.shape import Shape

VAE = {"ch": 8, "ch_mult": [1, 1, 2, 2], "num_res_blocks": 1, "z_channels": 4, "norm_num_groups": 4}
CONFIG = BagelConfig(
    LanguageConfig(8, 8, 8, 1, 2, 1), VisionConfig(8, 8, 2, 2), 16, 14, vae=VaeConfig(z_channels=4, norm_num_groups=4)
)


@torch.no_grad()
def test_folded_latents_have_deviation_one_and_decode_to_the_same_image() -> None:
    pixels = paint(next(question_batches(world("v1"), seed=3, size=4)).images, CPU) * 2 - 1
    vae = new_vae(Shape({}, {}, VAE), seed=0)
    moments = vae.encoder(pixels)
    before = vae.decoder(moments[:, :4])
    rescale_latents(vae, pixels, CONFIG.vae)
    codec = LatentCodec(vae, CONFIG)
    latents = torch.stack([codec.encode(image).mean for image in pixels])
    assert latents.std().item() == pytest.approx(1, abs=1e-4)
    folded = vae.encoder(pixels)
    a = folded[:, :4].std() / moments[:, :4].std()
    assert torch.allclose(folded[:, 4:], moments[:, 4:] + 2 * a.log(), atol=1e-4)
    assert psnr_of(before.clamp(-1, 1), vae.decoder(folded[:, :4])) > 90
