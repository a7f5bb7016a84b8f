"""Weights in several files, under another name, and files that are not what they seem."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from g2tr.errors import InputError
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.checkpoints.parts import files_of
from tests.models.bagel.published import refusal


def split(path: Path) -> Path:
    """Stores a file as two shards and an index, as `save_pretrained` does; the index."""
    tensors = load_file(path)
    places = {key: f"{path.stem}-0000{i % 2 + 1}-of-00002.safetensors" for i, key in enumerate(sorted(tensors))}
    for name in set(places.values()):
        save_file({key: tensors[key] for key in tensors if places[key] == name}, path.with_name(name))
    path.unlink()
    index = path.with_name(f"{path.name}.index.json")
    index.write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return index


def parameters(model: Bagel) -> dict[str, torch.Tensor]:
    return {**model.parts.network.state_dict(), **model.parts.codec.vae.state_dict()}


def test_a_checkpoint_in_shards_is_the_same_model(folder: Path) -> None:
    whole = parameters(load_bagel(folder, dtype="float32"))
    split(folder / "ema.safetensors")
    split(folder / "ae.safetensors")
    found = parameters(load_bagel(folder, dtype="float32"))
    assert found.keys() == whole.keys()
    assert all(torch.equal(found[key], whole[key]) for key in whole)


def test_a_missing_shard_is_named(folder: Path) -> None:
    index = split(folder / "ema.safetensors")
    (folder / "ema-00002-of-00002.safetensors").unlink()
    assert refusal(folder) == f"{index} names ema-00002-of-00002.safetensors: 1 of 2 files are there"


@pytest.mark.parametrize("name", ["../ema.safetensors", "/tmp/x.safetensors", 3])
def test_an_index_names_files_beside_it_alone(name: object, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    with pytest.raises(InputError, match="weight_map must name files beside it"):
        files_of(tmp_path / "model.safetensors")


def test_another_file_can_hold_the_weights(folder: Path) -> None:
    (folder / "ema.safetensors").rename(folder / "model.safetensors")
    hint = "it lacks ema.safetensors; model.weights=model.safetensors names a file that is there"
    assert refusal(folder).endswith(hint)
    assert load_bagel(folder, dtype="float32", weights="model.safetensors").settings["weights"] == "model.safetensors"
    with pytest.raises(InputError, match=r"model\.weights must be the name of a \.safetensors file"):
        load_bagel(folder, weights="../model.safetensors")


def test_a_git_lfs_pointer_is_called_one(folder: Path) -> None:
    path = folder / "ema.safetensors"
    path.unlink()
    path.write_text("version https://git-lfs/spec/v1\noid sha256:0\nsize 943152\n")
    assert refusal(folder) == f"{path} is a Git LFS pointer, not the weights: fetch them with 'git lfs pull'"
