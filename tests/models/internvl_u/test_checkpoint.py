"""Folders that are no checkpoint are refused in one line that names the culprit."""

from pathlib import Path

import pytest
import torch

from g2tr.models.internvl_u.checkpoint import CLASSES, DRAWING_FILES, FILES
from g2tr.models.internvl_u.load import load_internvl_u
from tests.models.bagel.published import rewrite_json, rewrite_tensors
from tests.models.internvl_u.published import FILES as WEIGHTS
from tests.models.internvl_u.refusal import refusal

TENSORS = (
    ("vlm", "mlp1.1.weight"),
    ("vlm", "special_token_embedding.weight"),
    ("vlm", "vision_model.encoder.layers.0.attn.qkv.weight"),
    ("vlm", "language_model.model.layers.1.self_attn.q_norm.weight"),
    ("generation_decoder", "decoder.transformer_blocks.0.attn.to_q.weight"),
    ("vae", "encoder.conv_in.weight"),
    ("vae", "decoder.conv_in.weight"),
)


@pytest.mark.parametrize("name", FILES + DRAWING_FILES)
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    assert refusal(folder) == f"{folder} is no InternVL-U checkpoint: it lacks {name}"


@pytest.mark.parametrize("part", WEIGHTS)
def test_missing_weights_are_named(part: str, folder: Path) -> None:
    (folder / part / WEIGHTS[part]).unlink()
    assert refusal(folder) == f"{folder} is no InternVL-U checkpoint: it lacks {part}/*.safetensors"


@pytest.mark.parametrize("name", CLASSES)
def test_another_class_is_named(name: str, folder: Path) -> None:
    rewrite_json(folder / name, lambda content: content.update(_class_name="Other"))
    assert refusal(folder) == f"{folder / name}: _class_name must be {CLASSES[name]}, got 'Other'"


@pytest.mark.parametrize("part, key", TENSORS)
def test_a_missing_tensor_is_named(part: str, key: str, folder: Path) -> None:
    rewrite_tensors(folder / part / WEIGHTS[part], lambda tensors: tensors.pop(key))
    assert refusal(folder) == f"{part} lacks {key}"


@pytest.mark.parametrize("part", WEIGHTS)
def test_a_surplus_tensor_is_named(part: str, folder: Path) -> None:
    rewrite_tensors(folder / part / WEIGHTS[part], lambda tensors: tensors.update(stray=torch.zeros(2)))
    assert refusal(folder) == f"{part} holds stray, which this model has no place for"


@pytest.mark.parametrize("part, key", TENSORS)
def test_a_tensor_of_the_wrong_shape_is_named(part: str, key: str, folder: Path) -> None:
    rewrite_tensors(folder / part / WEIGHTS[part], lambda tensors: tensors.update({key: torch.zeros(3, 5)}))
    assert refusal(folder).startswith(f"{part}: {key} has shape (3, 5), wanted ")


@pytest.mark.parametrize("part", WEIGHTS)
def test_a_file_that_was_cut_off_is_named(part: str, folder: Path) -> None:
    path = folder / part / WEIGHTS[part]
    path.write_bytes(path.read_bytes()[:50])
    assert refusal(folder).startswith(f"{path} is damaged or cut off: ")


@pytest.mark.parametrize("checkpoint", ["/nonexistent", "./no/where", "nowhere", "~/nowhere"])
def test_a_folder_that_does_not_exist_is_named(checkpoint: str) -> None:
    assert refusal(checkpoint).startswith(f"model.checkpoint={checkpoint}: no such folder")


def test_a_hub_that_cannot_be_reached_is_said_with_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal("InternVL-U/no-such-model")
    assert message.startswith("model.checkpoint=InternVL-U/no-such-model: no such folder, and the hub did not")


def test_understanding_alone_needs_no_files_of_generation(folder: Path) -> None:
    for name in (*DRAWING_FILES, f"generation_decoder/{WEIGHTS['generation_decoder']}"):
        (folder / name).unlink()
    assert load_internvl_u(str(folder), dtype="float32", generation=False).parts.drawer is None
