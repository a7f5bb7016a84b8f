from pathlib import Path

import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.metrics.networks import clip_eye, clip_reader, dino_eye

RED = Image.new("RGB", (40, 32), "red")


def test_pictures_and_texts_meet_in_one_space(networks: Path) -> None:
    name = str(networks / "clip")
    assert clip_eye(name, "cpu")(RED).shape == clip_reader(name, "cpu")("a b").shape == (8,)


def test_a_network_is_loaded_once(networks: Path) -> None:
    assert dino_eye(str(networks / "dino"), "cpu") is dino_eye(str(networks / "dino"), "cpu")


def test_a_grey_picture_is_seen_as_well(networks: Path) -> None:
    assert torch.isfinite(dino_eye(str(networks / "dino"), "cpu")(RED.convert("L"))).all()


@pytest.mark.parametrize("load", [clip_eye, clip_reader, dino_eye])
def test_a_folder_without_weights_is_named_in_one_line(load: object, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    assert callable(load)
    with pytest.raises(InputError, match=f"cannot load {tmp_path}") as refused:
        load(str(tmp_path), "cpu")
    assert "\n" not in str(refused.value)
