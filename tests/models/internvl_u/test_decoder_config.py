from pathlib import Path
from typing import Any

import pytest

from g2tr.errors import InputError
from g2tr.models.internvl_u.decoder_config import DecoderConfig, read_decoder_config
from tests.models.internvl_u.published import decoder_config

FILE = Path("config.json")


def test_sizes_are_read_from_the_inner_configuration(golden_config: dict[str, Any]) -> None:
    found = read_decoder_config(decoder_config(golden_config), FILE)
    assert (found.num_layers, found.width, found.axes_dims_rope) == (2, 96, (8, 8, 8))


def test_what_the_wrapper_states_holds() -> None:
    content = {"decoder_config": {"vlm_cond_position_scale_factor": 0.5}}
    assert read_decoder_config(content, FILE).vlm_cond_position_scale_factor == 0.5
    assert read_decoder_config({**content, "vlm_cond_position_scale_factor": 0.25}, FILE) == DecoderConfig()


@pytest.mark.parametrize(
    "outer, inner, wanted",
    [
        ({"decoder_projector_type": "mlp"}, {}, "decoder_projector_type='mlp' is not supported"),
        ({"pad_to_fix_length": True}, {}, "pad_to_fix_length=True is not supported"),
        ({"vlm_select_layer": [-1, -3]}, {}, r"vlm_select_layer=\[-1, -3\] is not supported, only \[-1, -2\]"),
        ({"vae_downsample_factor": 32}, {}, "vae_downsample_factor=32 is not supported"),
        ({}, {"in_channels": 16}, "in_channels must be patch_size² · out_channels = 64, got 16"),
        ({}, {"num_layers": 0}, "num_layers must be a whole number above 0"),
        ({}, {"axes_dims_rope": [64, 64]}, "axes_dims_rope must be three even widths of sum 128"),
        ({}, {"axes_dims_rope": [15, 57, 56]}, "axes_dims_rope must be three even widths of sum 128"),
        ({}, {"axes_dims_rope": [0, 64, 64]}, "axes_dims_rope must be three even widths of sum 128"),
        ({}, {"axes_dims_rope": None}, "axes_dims_rope must be three even widths of sum 128"),
        ({}, {"video_position_scale_factor": 2.0}, "video_position_scale_factor must be 1"),
        ({"vlm_cond_position_scale_factor": 0.0}, {}, "vlm_cond_position_scale_factor must be above 0"),
    ],
)
def test_another_decoder_is_refused(outer: dict[str, Any], inner: dict[str, Any], wanted: str) -> None:
    with pytest.raises(InputError, match=wanted):
        read_decoder_config({"decoder_config": inner, **outer}, FILE)


def test_a_file_without_a_decoder_is_refused() -> None:
    with pytest.raises(InputError, match="config.json: decoder_config must hold a JSON object"):
        read_decoder_config({}, FILE)
