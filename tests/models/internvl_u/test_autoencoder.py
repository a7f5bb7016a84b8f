from typing import Any

import pytest
import torch

from g2tr.errors import InputError
from g2tr.models.internvl_u.autoencoder import build_vae, encode_flops, to_single_frame
from g2tr.models.internvl_u.codec import LatentCodec


def test_the_published_autoencoder_has_its_parameters() -> None:
    with torch.device("meta"):
        parameters = list(build_vae({}).parameters())
    assert (len(parameters), sum(value.numel() for value in parameters)) == (194, 126_892_531)


def test_the_single_frame_form_keeps_a_third_of_each_kernel(golden_config: dict[str, Any]) -> None:
    library, frame = build_vae(golden_config["vae"]), to_single_frame(build_vae(golden_config["vae"]))
    assert library.encoder.conv_in.weight.shape == (16, 3, 3, 3, 3)
    assert frame.encoder.conv_in.weight.shape == (16, 3, 3, 3)
    assert sum(isinstance(layer, torch.nn.Conv3d) for layer in frame.modules()) == 4  # over time, never run


@pytest.mark.parametrize("side, library, exact", [(448, 0.676, 0.241), (512, 0.885, 0.318), (1024, 3.696, 1.426)])
def test_the_exact_form_of_the_published_encoder_is_about_2_8_times_cheaper(
    side: int, library: float, exact: float
) -> None:
    found = [encode_flops({}, (side, side), single_frame) / 2e12 for single_frame in (False, True)]
    assert found == pytest.approx([library, exact], abs=5e-4)
    assert 2.5 < found[0] / found[1] < 2.9


def test_the_cost_grows_with_the_area(golden_config: dict[str, Any]) -> None:
    small, large = (encode_flops(golden_config["vae"], (side, side)) for side in (32, 64))
    first_level = 2 * (3 * 16 + 2 * 16 * 16) * 9 * 32 * 32
    assert first_level < small < 2 * first_level
    assert 4 * small < large < 5 * small  # convolutions grow with the area, attention faster


def test_an_autoencoder_without_its_decoder_still_encodes(golden_config: dict[str, Any]) -> None:
    vae = build_vae(golden_config["vae"], decoder=False)
    assert {name.split(".")[0] for name in vae.state_dict()} == {"encoder", "quant_conv"}
    assert LatentCodec.of(to_single_frame(vae)).encode(torch.zeros(3, 16, 16)).mean.shape == (16, 2, 2)


@pytest.mark.parametrize(
    "settings, wanted",
    [
        ({"latents_std": [1.0]}, "latents_std must have z_dim = 16 numbers, got 1"),
        ({"attn_scales": 5}, "does not describe an AutoencoderKLQwenImage"),
        ({"z_dim": "many"}, "z_dim must be a whole number above 0, got 'many'"),
        ({"base_dim": -1}, "base_dim must be a whole number above 0, got -1"),
        ({"dim_mult": []}, r"dim_mult must be a list of whole numbers, got \[\]"),
        ({"dim_mult": 5}, "dim_mult must be a list of whole numbers, got 5"),
        ({"dim_mult": [1, 2, 4, "a"]}, "dim_mult must be a whole number above 0, got 'a'"),
        ({"temperal_downsample": [True]}, "temperal_downsample must be 3 truth values"),
        ({"latents_mean": None}, "latents_mean must be a list of numbers, got None"),
        ({"latents_mean": 5}, "latents_mean must be a list of numbers, got 5"),
        ({"latents_mean": ["a"] * 16}, "latents_mean must be a list of numbers"),
        ({"latents_std": [0.0] * 16}, "latents_std must be above 0"),
    ],
)
def test_another_autoencoder_is_refused(settings: dict[str, object], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted), torch.device("meta"):
        build_vae(settings)
