import json
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.assets import ASSETS
from g2tr.config import build
from g2tr.errors import InputError
from g2tr.models.bagel.load import load_tokenizer
from g2tr.models.bagel.vae import LatentCodec, encode_flops
from g2tr.training.autoencoder_module import new_vae
from g2tr.training.shape import Shape
from g2tr.training.token_rows import TokenRowBuilder, entries


def test_the_files_of_the_full_recipe_agree_with_those_of_the_embedded_model(compose: object, tmp_path: Path) -> None:
    assert callable(compose)
    cfg: DictConfig = compose("recipe=embedded", config_name="train")
    build(cfg.recipe.shape).write(tmp_path, entries(["v1"]))
    for name in ("llm_config.json", "vit_config.json"):
        ours, theirs = (json.loads((folder / name).read_text()) for folder in (tmp_path, ASSETS / "bagel_tiny"))
        own_sizes = {"image_size"}
        assert {key: ours[key] for key in ours.keys() & theirs.keys() - own_sizes} == {
            key: theirs[key] for key in ours.keys() & theirs.keys() - own_sizes
        }


def test_the_tokenizer_writes_the_ids_of_training(tmp_path: Path) -> None:
    names = entries(["v2"])
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1}
    Shape(sizes | {"num_key_value_heads": 1}, sizes, {}).write(tmp_path, names)
    tokenizer, markers = load_tokenizer(tmp_path, len(names))
    text = "which image has more red objects ?"
    assert tokenizer.encode(text, add_special_tokens=False) == TokenRowBuilder(names)(text)
    assert tokenizer.decode(TokenRowBuilder(names)(text)) == text
    assert (markers.text_start, markers.text_end, markers.image_start, markers.image_end) == (1, 2, 3, 4)


def test_sides_without_whole_patches_are_refused() -> None:
    with pytest.raises(InputError, match="multiple of 14 and 16"):
        Shape({}, {}, {}, max_side=280)


def test_encoding_a_scene_costs_at_most_one_and_a_half_gflops(compose: object, tmp_path: Path) -> None:
    assert callable(compose)
    recipe = build(compose("recipe=embedded", config_name="train").recipe)
    config = recipe.shape.write(tmp_path, entries(recipe.versions))
    flops = encode_flops(LatentCodec(new_vae(recipe.shape, 0), config), (224, 224))
    assert 1.0e9 < flops < 1.5e9
