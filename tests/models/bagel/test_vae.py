import pytest
import torch
from PIL.Image import Image

from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.vae import LatentCodec, Posterior


@pytest.fixture(scope="module")
def codec(bagel: Bagel) -> LatentCodec:
    return bagel.parts.codec


@pytest.fixture(scope="module")
def posterior(bagel: Bagel, picture: Image) -> Posterior:
    return bagel.parts.encode_vae(picture)


def test_patches_are_cut_and_joined_without_loss(codec: LatentCodec, posterior: Posterior) -> None:
    patches = codec.to_patches(posterior.mean)
    assert patches.shape == (6, 8, 64)
    assert torch.equal(codec.from_patches(patches), posterior.mean)


def test_a_patch_lists_rows_then_columns_then_channels(codec: LatentCodec) -> None:
    y, x = torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij")
    latent = torch.stack([y * 1000 + x * 100 + channel for channel in range(16)]).float()
    assert codec.to_patches(latent)[1, 2, (1 * 2 + 0) * 16 + 5] == 3 * 1000 + 4 * 100 + 5


def test_a_remainder_at_the_edge_is_cut_off(codec: LatentCodec) -> None:
    assert codec.to_patches(torch.zeros(16, 5, 7)).shape == (2, 3, 64)


def test_samples_follow_the_posterior_and_the_seed(posterior: Posterior) -> None:
    draws = torch.stack([posterior.sample(torch.Generator().manual_seed(seed)) for seed in range(400)])
    scaled = (draws - posterior.mean) / posterior.std
    assert scaled.mean().abs() < 0.01
    assert (scaled.std() - 1).abs() < 0.01
    assert torch.equal(draws[3], posterior.sample(torch.Generator().manual_seed(3)))


def test_a_posterior_without_a_finite_spread_is_clamped(codec: LatentCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec.vae.encoder, "forward", lambda pixels: torch.full((1, 32, 2, 2), 1e9))
    assert codec.encode(torch.zeros(3, 16, 16)).std.isfinite().all()


def test_a_decoded_image_is_the_encoded_one_in_size_and_in_bytes(codec: LatentCodec, posterior: Posterior) -> None:
    image = codec.decode(posterior.mean)
    assert (image.shape, image.dtype) == ((96, 128, 3), torch.uint8)


def test_brightness_is_rounded_down(codec: LatentCodec, monkeypatch: pytest.MonkeyPatch) -> None:
    shades = torch.tensor([-9.0, -1.0, 0.0, 0.999, 9.0])
    monkeypatch.setattr(codec.vae.decoder, "forward", lambda raw: shades.expand(1, 3, 1, 5))
    assert codec.decode(torch.zeros(16, 2, 2))[0, :, 0].tolist() == [0, 0, 127, 254, 255]


def test_the_cost_of_an_encode_grows_with_its_area_and_touches_no_weight(bagel: Bagel) -> None:
    weight = bagel.parts.codec.vae.encoder.conv_in.weight
    small, large = bagel.vae_flops((32, 32)), bagel.vae_flops((64, 64))
    assert 4 * small < large < 5 * small  # convolutions grow with the area, attention faster
    assert small > 2 * 32 * 32 * weight.numel()
    assert bagel.parts.codec.vae.encoder.conv_in.weight is weight
