"""Tensors that are parts of a stored one, and files in folders; the models' own tests cover the rest."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from g2tr.errors import InputError
from g2tr.models.checkpoints.safetensors_io import TensorSource, load_weights, read_shapes

CPU, FLOAT = torch.device("cpu"), torch.float32


def halves() -> nn.Module:
    with torch.device("meta"):
        return nn.ModuleDict({"a": nn.Linear(3, 2, bias=False), "b": nn.Linear(3, 2, bias=False)})


def half(name: str) -> TensorSource:
    return TensorSource("whole", "ab".index(name[0]), 2)


def test_parameters_may_be_parts_of_one_tensor(tmp_path: Path) -> None:
    whole, module = torch.arange(12.0).reshape(4, 3), halves()
    save_file({"whole": whole}, tmp_path / "x.safetensors")
    load_weights(module, tmp_path / "x.safetensors", half, lambda _: False, CPU, FLOAT)
    assert torch.equal(torch.cat([module["a"].weight, module["b"].weight]), whole)


def test_a_whole_of_the_wrong_shape_is_named(tmp_path: Path) -> None:
    save_file({"whole": torch.zeros(5, 3)}, tmp_path / "x.safetensors")
    with pytest.raises(InputError, match=r"x.safetensors: whole has shape \(5, 3\), wanted \(4, 3\)"):
        load_weights(halves(), tmp_path / "x.safetensors", half, lambda _: False, CPU, FLOAT)


def test_a_folder_holds_what_its_files_hold(tmp_path: Path) -> None:
    for key in ("a.weight", "b.weight"):
        save_file({key: torch.full((2, 3), float(ord(key[0])))}, tmp_path / f"{key[0]}.safetensors")
    module = halves()
    load_weights(module, tmp_path, TensorSource, lambda _: False, CPU, FLOAT)
    assert read_shapes(tmp_path) == {"a.weight": (2, 3), "b.weight": (2, 3)}
    assert module["b"].weight.unique().tolist() == [98.0]
