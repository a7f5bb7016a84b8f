from typing import Any

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from g2tr.models.internvl_u.codec import LatentCodec, Posterior, latent_grid
from g2tr.reducers.anchors import AnchorRule
from tests.models.internvl_u.conftest import SHIPPED

FORMS = ("library", "single_frame")


@pytest.fixture(scope="module", params=FORMS)
def either(request: pytest.FixtureRequest, codec: LatentCodec, library_codec: LatentCodec) -> LatentCodec:
    return library_codec if request.param == "library" else codec


def test_latents_of_the_recorded_image(either: LatentCodec, golden: dict[str, Tensor]) -> None:
    pixels = golden["pixel_values_gen"][0]
    raw = either.moments(pixels)[0].cpu()
    assert torch.allclose(raw, golden["edit.cond_latents_raw_mode"][0, :, 0], rtol=0, atol=1e-5)
    assert torch.allclose(either.encode(pixels).mean.cpu(), golden["edit.cond_latents"][0], rtol=0, atol=1e-5)


def test_both_forms_and_the_library_itself_have_the_same_posterior(
    codec: LatentCodec, library_codec: LatentCodec, golden: dict[str, Tensor]
) -> None:
    pixels = golden["pixel_values_gen"][0]
    vae = library_codec.vae
    wanted = vae.encode(pixels[None, :, None].to(vae.device)).latent_dist
    for found in (codec, library_codec):
        mean, logvar = found.moments(pixels)
        assert torch.allclose(mean, wanted.mean[0, :, 0], rtol=0, atol=1e-5)
        assert torch.allclose(logvar, wanted.logvar[0, :, 0], rtol=0, atol=1e-5)


def test_the_recorded_latent_becomes_the_recorded_image(either: LatentCodec, golden: dict[str, Tensor]) -> None:
    image = either.decode(golden["edit.sample4.latent"][0])
    wanted = (127.5 * golden["edit.sample4.image"][0] + 128).clamp(0, 255).permute(1, 2, 0)
    assert (image.shape, image.dtype) == ((96, 128, 3), torch.uint8)
    assert (image.float() - wanted.floor()).abs().max() <= 1


def test_spread_is_normalised_like_the_mean(codec: LatentCodec, golden: dict[str, Tensor]) -> None:
    pixels = golden["pixel_values_gen"][0]
    deviation = torch.exp(0.5 * codec.moments(pixels)[1])
    ratio = (deviation / codec.encode(pixels).std).cpu()
    assert torch.allclose(ratio, (1 + 0.03 * torch.arange(16))[:, None, None].expand_as(ratio))


def test_a_posterior_without_a_finite_spread_is_clamped(codec: LatentCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec.vae.encoder, "forward", lambda pixels: torch.full((1, 32, 1, 2, 2), 1e9))
    assert codec.encode(torch.zeros(3, 16, 16)).std.isfinite().all()


def test_brightness_is_rounded_down_and_clipped(codec: LatentCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    shades = torch.tensor([-9.0, -1.0, 0.0, 0.999, 1.0, 9.0])
    monkeypatch.setattr(codec.vae.decoder, "forward", lambda raw: shades.expand(1, 3, 1, 1, 6))
    assert codec.decode(torch.zeros(16, 2, 2))[0, :, 0].tolist() == [0, 0, 128, 255, 255, 255]


def test_sizes_shrink_eightfold(codec: LatentCodec) -> None:
    assert codec.downsample == 8
    assert codec.encode(torch.zeros(3, 32, 48)).mean.shape == (16, 4, 6)


def test_both_forms_are_billed_apart(codec: LatentCodec) -> None:
    assert 2 < codec.flops((64, 64), single_frame=False) / codec.flops((64, 64)) < 3


def test_reducers_read_single_latents_with_their_channels_last() -> None:
    mean = torch.arange(16 * 2 * 3).float().reshape(16, 2, 3)
    grid = latent_grid(Posterior(mean, mean + 1), 32)
    assert torch.equal(grid.mean[1, 2], mean[:, 1, 2])
    assert torch.equal(grid.std, grid.mean + 1)
    assert grid.project(grid.mean.flatten(0, 1)).shape == (6, 32)


@pytest.mark.parametrize("pool", [1, 2])
def test_recorded_anchors_of_the_release(pool: int) -> None:
    recorded = load_file(SHIPPED.parent / "g2tr_method" / "generic_12x18.safetensors")
    latent, wanted = recorded["internvlu.latent"].float(), recorded[f"internvlu.pool{pool}.anchors"]
    evidence = latent_grid(Posterior(latent, torch.zeros_like(latent)), wanted.shape[1])
    anchors = AnchorRule(pool)(evidence, (12, 18))
    assert torch.allclose(anchors.features.double(), wanted, atol=1e-5)
    assert torch.equal(anchors.cells, recorded[f"internvlu.pool{pool}.cell"])


def test_channels_are_stretched_with_half_pixel_centres() -> None:
    ramp = torch.arange(16).float()[None]
    zeros = torch.zeros(16, 1, 1)
    found = latent_grid(Posterior(zeros, zeros), 32).project(ramp)[0]
    assert found[:4].tolist() == [0.0, 0.25, 0.75, 1.25]
    assert torch.allclose(found, F.interpolate(ramp[None], 32, mode="linear")[0, 0])


def test_settings_of_the_checkpoint_normalise(golden_config: dict[str, Any], codec: LatentCodec) -> None:
    mean, std = (values.flatten().cpu() for values in codec.scale)
    assert torch.equal(mean, torch.tensor(golden_config["vae"]["latents_mean"]))
    assert torch.equal(std, torch.tensor(golden_config["vae"]["latents_std"]))
