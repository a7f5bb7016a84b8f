from pathlib import Path

import pytest
import torch

from g2tr.errors import InputError
from g2tr.models.bagel.autoencoder import build_vae, count_levels, ldm_name, vae_settings
from g2tr.models.checkpoints.safetensors_io import read_shapes


@pytest.fixture(scope="module")
def shapes(checkpoint: Path) -> dict[str, tuple[int, ...]]:
    return read_shapes(checkpoint / "ae.safetensors")


def test_settings_follow_from_the_shapes(shapes: dict[str, tuple[int, ...]]) -> None:
    settings = vae_settings(shapes, 32)
    assert settings["block_out_channels"] == (32, 32, 32, 64)
    assert (settings["layers_per_block"], settings["latent_channels"]) == (1, 16)


@pytest.mark.parametrize("decoder", [True, False])
def test_parameters_and_stored_keys_are_one_to_one(decoder: bool, shapes: dict[str, tuple[int, ...]]) -> None:
    with torch.device("meta"):
        vae = build_vae(shapes, 32, decoder)
    names = [ldm_name(name, count_levels(shapes)) for name in vae.state_dict()]
    assert sorted(names) == sorted(key for key in shapes if decoder or not key.startswith("decoder."))


@pytest.mark.parametrize(
    "name, key",
    [
        ("encoder.down_blocks.1.resnets.0.conv_shortcut.weight", "encoder.down.1.block.0.nin_shortcut.weight"),
        ("encoder.down_blocks.0.downsamplers.0.conv.bias", "encoder.down.0.downsample.conv.bias"),
        ("encoder.mid_block.attentions.0.to_out.0.weight", "encoder.mid.attn_1.proj_out.weight"),
        ("encoder.mid_block.attentions.0.group_norm.bias", "encoder.mid.attn_1.norm.bias"),
        ("decoder.up_blocks.0.resnets.2.norm1.weight", "decoder.up.3.block.2.norm1.weight"),
        ("decoder.up_blocks.2.upsamplers.0.conv.weight", "decoder.up.1.upsample.conv.weight"),
        ("decoder.conv_norm_out.weight", "decoder.norm_out.weight"),
    ],
)
def test_names_of_the_released_autoencoder(name: str, key: str) -> None:
    assert ldm_name(name, 4) == key


def test_shapes_of_something_else_are_refused() -> None:
    with pytest.raises(InputError, match=r"ae\.safetensors lacks encoder\.conv_out\.weight"):
        build_vae({"weight": (3, 4)}, 32, decoder=True)
