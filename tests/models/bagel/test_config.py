import json
import shutil
from pathlib import Path

import pytest

from g2tr.assets import ASSETS
from g2tr.errors import InputError
from g2tr.models.bagel.config import LanguageConfig, read_config
from g2tr.models.bagel.transforms import Resize
from g2tr.models.checkpoints.json_config import section
from tests.models.bagel.published import refusal, rewrite_json

JSONS = ("llm_config.json", "vit_config.json", "bagel_config.json", "tokenizer.json", "tokenizer_config.json")
LANGUAGE = {
    "vocab_size": 160,
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def test_a_checkpoint_states_its_own_constants() -> None:
    config = read_config(ASSETS / "bagel_tiny", 16, 14)
    assert (config.vit_side, config.latent_side, config.latent_patch) == (16, 14, 2)
    assert (config.language.hidden_size, config.language.head_dim, config.language.rope_theta) == (256, 64, 1e6)
    assert config.vit_resize == Resize(224, 224, 14)
    assert config.vae_resize == Resize(224, 224, 16)
    assert config.vae.scale_factor == 0.3611


def test_the_last_stated_vit_layer_is_not_used() -> None:
    assert read_config(ASSETS / "bagel_tiny", 16, 14).vision.used_layers == 6


def test_without_constants_of_its_own_a_checkpoint_has_those_of_the_published_code(tmp_path: Path) -> None:
    for name in ("llm_config.json", "vit_config.json"):
        shutil.copy(ASSETS / "bagel_tiny" / name, tmp_path)
    config = read_config(tmp_path, 70, 64)
    assert (config.latent_patch, config.vae.z_channels, config.vae.norm_num_groups) == (2, 16, 32)
    assert (config.vae.scale_factor, config.vae.shift_factor) == (0.3611, 0.1159)
    assert (config.vae_resize, config.vit_resize) == (Resize(1024, 512, 16), None)


def test_keys_that_we_do_not_use_are_passed_over() -> None:
    assert section(LanguageConfig, {**LANGUAGE, "sliding_window": None}, "x.json") == LanguageConfig(**LANGUAGE)


@pytest.mark.parametrize("value", [0, -64, 64.0, True, "64", None])
def test_a_count_must_be_a_whole_number_above_zero(value: object) -> None:
    with pytest.raises(InputError, match=r"^x\.json: hidden_size must be a whole number above 0, got "):
        section(LanguageConfig, {**LANGUAGE, "hidden_size": value}, "x.json")


@pytest.mark.parametrize("value", [True, "1e6", None])
def test_a_constant_must_be_a_number(value: object) -> None:
    with pytest.raises(InputError, match=r"^x\.json: rope_theta must be a number, got "):
        section(LanguageConfig, {**LANGUAGE, "rope_theta": value}, "x.json")


@pytest.mark.parametrize("part", ["vae", "image_transforms"])
def test_a_part_that_is_no_object_is_refused_by_name(part: str, tmp_path: Path) -> None:
    shutil.copytree(ASSETS / "bagel_tiny", tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.safetensors"))
    (tmp_path / "bagel_config.json").write_text(json.dumps({part: 3}))
    with pytest.raises(InputError, match=f"{part} must hold a JSON object, got int"):
        read_config(tmp_path, 16, 14)


@pytest.mark.parametrize("name", JSONS)
@pytest.mark.parametrize("content", [b"", b'{"a": 1', b'{"a": "\xff"}'], ids=["empty", "open", "no text"])
def test_broken_json_is_named(name: str, content: bytes, folder: Path) -> None:
    (folder / name).write_bytes(content)
    assert refusal(folder).startswith(f"{folder / name} is not valid JSON: ")


@pytest.mark.parametrize("name", JSONS)
def test_json_that_is_no_object_is_named(name: str, folder: Path) -> None:
    (folder / name).write_text("[1]")
    assert refusal(folder) == f"{folder / name} must hold a JSON object, got list"


@pytest.mark.parametrize("name", ["llm_config.json", "vit_config.json"])
@pytest.mark.parametrize("key", ["hidden_size", "num_attention_heads"])
def test_a_missing_or_senseless_field_is_named(name: str, key: str, folder: Path) -> None:
    rewrite_json(folder / name, lambda content: content.update({key: "many"}))
    assert refusal(folder) == f"{folder / name}: {key} must be a whole number above 0, got 'many'"
    rewrite_json(folder / name, lambda content: content.pop(key))
    assert refusal(folder) == f"{folder / name} lacks {key}"


@pytest.mark.parametrize("name", ["llm_config.json", "vit_config.json"])
def test_heads_that_do_not_divide_the_width_are_refused(name: str, folder: Path) -> None:
    rewrite_json(folder / name, lambda content: content.update(num_attention_heads=5))
    assert "num_attention_heads must divide hidden_size" in refusal(folder)


def test_a_transform_without_a_needed_field_is_named(folder: Path) -> None:
    rewrite_json(folder / "bagel_config.json", lambda c: c["image_transforms"]["vit"].pop("min_image_size"))
    assert refusal(folder) == f"{folder / 'bagel_config.json'}: vit lacks min_image_size"
