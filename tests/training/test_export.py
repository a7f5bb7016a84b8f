from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from g2tr.assets import ASSETS
from g2tr.models.bagel.model import Bagel
from g2tr.training.export import megabytes, write_network, write_vae

EMBEDDED = ASSETS / "bagel_tiny"


@pytest.mark.parametrize("name", ["ema", "ae"])
def test_the_embedded_model_is_exported_as_it_is_stored(name: str, bagel_tiny: Bagel, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.safetensors"
    if name == "ema":
        write_network(bagel_tiny.parts.network, path)
    else:
        write_vae(bagel_tiny.parts.codec.vae, path)
    found, stored = load_file(path), load_file(EMBEDDED / path.name)
    assert found.keys() == stored.keys()
    assert all(found[key].dtype == value.dtype and torch.equal(found[key], value) for key, value in stored.items())
    assert list(tmp_path.iterdir()) == [path]


def test_megabytes_count_every_file(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(bytes(500_000))
    assert megabytes(tmp_path) == 1.0
