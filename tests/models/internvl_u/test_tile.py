from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from g2tr.models.internvl_u.tile import IMAGENET, Tile, read_tile
from tests.models.bagel.published import rewrite_json
from tests.models.internvl_u.refusal import refusal


def test_an_image_of_any_aspect_becomes_one_square() -> None:
    image = Image.new("RGB", (200, 50), (255, 0, 0))
    pixels = Tile(56)(image, (56, 56))
    assert pixels.shape == (3, 56, 56)
    wanted = (torch.tensor([1.0, 0.0, 0.0]) - torch.tensor(IMAGENET[0])) / torch.tensor(IMAGENET[1])
    assert torch.allclose(pixels, wanted[:, None, None].expand_as(pixels), atol=1e-6)


def test_the_same_square_for_anchors_has_plain_values() -> None:
    assert Tile(56).squashed(Image.new("L", (30, 20), 255), (16, 16)).unique().tolist() == [1.0]


def test_what_the_processor_states_is_taken(folder: Path) -> None:
    tile = read_tile(folder / "processor" / "processor_config.json", 112)
    assert (tile.side, tile.mean, tile.std, tile.resample) == (112, (0.45,) * 3, (0.225,) * 3, 3)


def test_what_it_does_not_state_is_that_of_imagenet(folder: Path) -> None:
    path = folder / "processor" / "processor_config.json"
    rewrite_json(path, lambda content: content.pop("image_processor_kwargs"))
    assert read_tile(path, 112) == Tile(112)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"size": 448}, "size must be 112 x 112, as the vision tower has it, got 448"),
        ({"size": {"height": 112, "width": 56}}, "size must be 112 x 112"),
        ({"image_mean": [0.5]}, "image_mean must be three numbers, got [0.5]"),
        ({"image_mean": 0.5}, "image_mean must be a list of numbers, got 0.5"),
        ({"image_std": ["a", "b", "c"]}, "image_std must be a list of numbers"),
        ({"image_std": [0.2, 0.0, 0.2]}, "image_std must be above 0"),
        ({"size": [112, 112]}, "size must be 112 x 112, as the vision tower has it, got [112, 112]"),
        ({"size": {"height": [1]}}, "size must be 112 x 112"),
        ({"resample": [3]}, "resample must be one of Pillow's kernels 0 … 5, got [3]"),
        ({"resample": 9}, "resample must be one of Pillow's kernels 0 … 5, got 9"),
    ],
)
def test_values_that_make_no_tile_are_refused(change: dict[str, Any], message: str, folder: Path) -> None:
    path = folder / "processor" / "processor_config.json"
    rewrite_json(path, lambda content: content["image_processor_kwargs"].update(change))
    assert refusal(folder).startswith(f"{path}: {message}")
