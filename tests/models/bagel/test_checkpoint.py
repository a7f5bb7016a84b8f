"""Damaged weight files and missing folders are refused in one line that names the culprit."""

from pathlib import Path

import pytest
import torch

from g2tr.assets import ASSETS
from g2tr.models.bagel.checkpoint import FILES, find_checkpoint
from g2tr.models.checkpoints.safetensors_io import squeeze_trailing
from tests.models.bagel.published import refusal, rewrite_tensors

WEIGHTS = ("ema.safetensors", "ae.safetensors")
TENSORS = (
    ("ema.safetensors", "connector.fc1.weight"),
    ("ema.safetensors", "vit_pos_embed.pos_embed"),
    ("ema.safetensors", "language_model.model.layers.1.mlp_moe_gen.up_proj.weight"),
    ("ae.safetensors", "encoder.down.0.block.0.conv1.weight"),
    ("ae.safetensors", "encoder.mid.attn_1.q.weight"),
    ("ae.safetensors", "decoder.up.3.block.0.conv1.weight"),
)


@pytest.mark.parametrize("name", (*FILES, "ema.safetensors", "ae.safetensors"))
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert refusal(folder) == f"{folder} is no BAGEL checkpoint: it lacks {name}"


@pytest.mark.parametrize("file, key", TENSORS)
def test_a_missing_tensor_is_named(file: str, key: str, folder: Path) -> None:
    rewrite_tensors(folder / file, lambda tensors: tensors.pop(key))
    assert refusal(folder) == f"{file} lacks {key}"


@pytest.mark.parametrize("file", WEIGHTS)
def test_a_surplus_tensor_is_named(file: str, folder: Path) -> None:
    rewrite_tensors(folder / file, lambda tensors: tensors.update({"stray.weight": torch.zeros(2)}))
    assert refusal(folder).startswith(f"{file} holds stray.weight")


def test_several_culprits_are_counted(folder: Path) -> None:
    rewrite_tensors(folder / "ema.safetensors", lambda t: [t.pop(f"connector.fc{i}.bias") for i in (1, 2)])
    assert refusal(folder) == "ema.safetensors lacks connector.fc1.bias and 1 more"


@pytest.mark.parametrize("file, key", [pair for pair in TENSORS if "conv1" not in pair[1] or "decoder" in pair[1]])
@pytest.mark.parametrize("shape", [(3, 5), ()])
def test_a_tensor_of_the_wrong_shape_is_named(file: str, key: str, shape: tuple[int, ...], folder: Path) -> None:
    rewrite_tensors(folder / file, lambda tensors: tensors.update({key: torch.zeros(shape)}))
    assert refusal(folder).startswith(f"{file}: {key} has shape {shape}, wanted ")


@pytest.mark.parametrize("file, key", TENSORS)
def test_a_tensor_without_floats_is_named(file: str, key: str, folder: Path) -> None:
    rewrite_tensors(folder / file, lambda tensors: tensors.update({key: tensors[key].long()}))
    assert refusal(folder).startswith(f"{file}: {key} has dtype I64, wanted one of ")


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("left", [-100, 50, 0])
def test_a_file_that_was_cut_off_is_named(name: str, left: int, folder: Path) -> None:
    content = (folder / name).read_bytes()[:left]
    (folder / name).unlink()
    (folder / name).write_bytes(content)
    assert refusal(folder).startswith(f"{folder / name} is damaged or cut off: ")


@pytest.mark.parametrize("checkpoint", ["/nonexistent", "./no/where", "nowhere", "~/nowhere"])
def test_a_folder_that_does_not_exist_is_named(checkpoint: str) -> None:
    assert refusal(checkpoint).startswith(f"model.checkpoint={checkpoint}: no such folder")


def test_a_hub_that_cannot_be_reached_is_said_with_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal("ByteDance-Seed/no-such-model")
    assert message.startswith("model.checkpoint=ByteDance-Seed/no-such-model: no such folder, and the hub did not")


def test_the_embedded_checkpoint_has_a_name() -> None:
    assert find_checkpoint("embedded") == ASSETS / "bagel_tiny"


@pytest.mark.parametrize(
    "found, taken", [((4, 3), True), ((4, 3, 1, 1), True), ((4, 3, 2), False), ((4,), False), ((3, 4), False)]
)
def test_only_trailing_axes_of_size_one_may_be_surplus(found: tuple[int, ...], taken: bool) -> None:
    assert (squeeze_trailing(found, (4, 3)) == (4, 3)) == taken
