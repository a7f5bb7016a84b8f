from pathlib import Path
from typing import Any

import pytest

from g2tr.models.internvl_u.config import read_config
from tests.models.bagel.published import rewrite_json
from tests.models.internvl_u.refusal import refusal


def test_the_sizes_are_those_of_the_file(folder: Path) -> None:
    rewrite_json(folder / "vlm" / "config.json", lambda content: content.update(system_message="Be brief."))
    config = read_config(folder / "vlm" / "config.json")
    assert (config.vision.side, config.vision.token_side) == (8, 4)
    assert (config.language.head_dim, config.system_message) == (16, "Be brief.")


@pytest.mark.parametrize(
    "part, change, message",
    [
        ("", {"ps_version": "v1"}, "ps_version='v1' is not supported, only 'v2'"),
        ("", {"select_layer": -2}, "select_layer=-2 is not supported, only -1"),
        ("", {"downsample_ratio": 0.25}, "downsample_ratio=0.25 is not supported, only 0.5"),
        ("", {"force_image_size": 224}, "force_image_size must be the table's 112"),
        ("", {"vision_config": None}, "vision_config must hold a JSON object, got NoneType"),
        ("vision_config", {"norm_type": "rms_norm"}, "norm_type='rms_norm' is not supported, only 'layer_norm'"),
        ("vision_config", {"image_size": 126}, "image_size must be a multiple of 2 · patch_size, got 126 and 14"),
        ("vision_config", {"num_attention_heads": 3}, "3 heads cannot share 32"),
        ("llm_config", {"attention_bias": True}, "attention_bias=True is not supported, only False"),
        ("", {"system_message": 5}, "system_message must be a text, got 5"),
        ("vision_config", {"hidden_act": "quick_gelu"}, "hidden_act='quick_gelu' is not supported, only 'gelu'"),
        ("vision_config", {"layer_norm_eps": -1}, "layer_norm_eps must be a number above 0, got -1.0"),
        ("llm_config", {"hidden_act": "gelu"}, "hidden_act='gelu' is not supported, only 'silu'"),
        ("llm_config", {"use_sliding_window": True}, "use_sliding_window=True is not supported, only False"),
        ("llm_config", {"rope_theta": 0}, "rope_theta must be a number above 0, got 0.0"),
        ("llm_config", {"rms_norm_eps": -1e-6}, "rms_norm_eps must be a number above 0, got -1e-06"),
        ("llm_config", {"head_dim": 15}, "head_dim must be even, since rotary embedding turns pairs, got 15"),
        ("llm_config", {"num_key_value_heads": 3}, "3 heads cannot share 4"),
        ("llm_config", {"vocab_size": 0}, "llm_config: vocab_size must be a whole number above 0, got 0"),
    ],
)
def test_a_variant_that_cannot_be_run_is_refused(part: str, change: dict[str, Any], message: str, folder: Path) -> None:
    path = folder / "vlm" / "config.json"
    rewrite_json(path, lambda content: (content[part] if part else content).update(change))
    assert refusal(folder) == f"{path}: {message}"


def test_a_missing_size_is_named(folder: Path) -> None:
    path = folder / "vlm" / "config.json"
    rewrite_json(path, lambda content: content["llm_config"].pop("hidden_size"))
    assert refusal(folder) == f"{path}: llm_config lacks hidden_size"


def test_a_file_nested_too_deeply_is_named(folder: Path) -> None:
    path = folder / "vlm" / "config.json"
    path.write_text("[" * 100_000)
    assert refusal(folder) == f"{path} is nested too deeply"
