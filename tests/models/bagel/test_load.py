"""Loading: what is read and how, and that what cannot be loaded is refused in one line that names the culprit."""

import logging
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from g2tr.errors import InputError
from g2tr.models.bagel import load as loading
from g2tr.models.bagel.load import GENERATION, load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.checkpoints.device import read_device
from g2tr.models.checkpoints.safetensors_io import read_shapes
from tests.models.bagel.published import MARKERS, refusal, rewrite_json


@dataclass
class Reading:
    """Which tensors were read, where they lie, and how many of them were in memory at once."""

    keys: list[str] = field(default_factory=list)
    places: set[int] = field(default_factory=set)
    arrays: list[weakref.ref[object]] = field(default_factory=list)
    most: int = 0

    def note(self, key: str, tensor: Tensor) -> Tensor:
        # A tensor made from an array holds it as long as its memory is in use, whatever views are taken of it.
        array = tensor.numpy().copy()
        self.arrays.append(weakref.ref(array))
        self.most = max(self.most, sum(ref() is not None for ref in self.arrays))
        self.keys.append(key)
        self.places.add(array.ctypes.data)
        return torch.from_numpy(array)


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """Notes what the loader reads from safetensors files."""
    reading = Reading()

    class Watched:
        def __init__(self, path: Path, framework: str, device: str) -> None:
            self.file = safe_open(path, framework=framework, device=device)

        def __enter__(self) -> "Watched":
            self.file.__enter__()
            return self

        def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
            self.file.__exit__(*error)

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def get_tensor(self, key: str) -> Tensor:
            return reading.note(key, self.file.get_tensor(key))

    monkeypatch.setattr("g2tr.models.checkpoints.parts.safe_open", Watched)
    return reading


def weights(bagel: Bagel) -> Iterator[nn.Parameter]:
    yield from bagel.parts.network.parameters()
    yield from bagel.parts.codec.vae.parameters()


def test_every_stored_tensor_is_read_once(checkpoint: Path, reading: Reading) -> None:
    load_bagel(str(checkpoint), dtype="float32")
    stored = [key for name in ("ema.safetensors", "ae.safetensors") for key in read_shapes(checkpoint / name)]
    assert sorted(reading.keys) == sorted(stored)


def test_weights_are_the_memory_that_was_read_and_no_copy_of_it(checkpoint: Path, reading: Reading) -> None:
    bagel = load_bagel(str(checkpoint), dtype="float32")
    assert {parameter.data_ptr() for parameter in weights(bagel)} == reading.places


def test_tensors_of_another_type_are_converted_one_at_a_time(checkpoint: Path, reading: Reading) -> None:
    config = loading.checkpoint_config(checkpoint)
    network = loading.load_network(checkpoint / "ema.safetensors", config, True, torch.device("cpu"), torch.bfloat16)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.bfloat16}
    assert (len(reading.keys), reading.most) == (111, 1)


def test_modules_have_no_memory_before_their_weights_are_read(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def watched(module: nn.Module, *others: object) -> list[str]:
        seen.extend(tensor.is_meta for tensor in module.state_dict().values())
        return load_weights(module, *others)

    load_weights = loading.load_weights
    monkeypatch.setattr(loading, "load_weights", watched)
    bagel = load_bagel(str(checkpoint), dtype="float32")
    assert len(seen) == 111 + 176 and all(seen)
    assert not any(parameter.is_meta or parameter.requires_grad for parameter in weights(bagel))


def test_an_understanding_model_reads_no_generation_weights_and_says_what_it_skipped(
    checkpoint: Path, reading: Reading, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "g2tr"):
        load_bagel(str(checkpoint), dtype="float32", generation=False)
    assert [key for key in reading.keys if GENERATION.search(key) or key.startswith("decoder.")] == []
    assert "vae2llm.weight" in reading.keys and "encoder.conv_in.weight" in reading.keys
    stored = {name: len(read_shapes(checkpoint / name)) for name in ("ema.safetensors", "ae.safetensors")}
    skipped = [record.args[:2] for record in caplog.records if isinstance(record.args, tuple)]
    assert {name for name, _ in skipped} == stored.keys()
    assert sum(count for _, count in skipped) + len(reading.keys) == sum(stored.values())


def test_a_full_model_skips_nothing(checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "g2tr"):
        load_bagel(str(checkpoint), dtype="float32")
    assert caplog.records == []


def test_the_autoencoder_stays_in_float32(checkpoint: Path) -> None:
    bagel = load_bagel(str(checkpoint), dtype="bfloat16")
    assert {parameter.dtype for parameter in bagel.parts.network.parameters()} == {torch.bfloat16}
    assert {parameter.dtype for parameter in bagel.parts.codec.vae.parameters()} == {torch.float32}


@pytest.mark.parametrize("name, rule", [("vit", {"max_image_size": 154}), ("vae", {"image_stride": 8})])
def test_images_that_do_not_fit_the_position_table_are_refused(
    name: str, rule: Mapping[str, int], folder: Path
) -> None:
    rewrite_json(folder / "bagel_config.json", lambda content: content["image_transforms"][name].update(rule))
    assert refusal(folder).startswith(f"image_transforms.{name}: at most ")


def test_normalisation_groups_that_do_not_fit_the_autoencoder_are_refused(folder: Path) -> None:
    rewrite_json(folder / "bagel_config.json", lambda content: content["vae"].update(norm_num_groups=7))
    assert refusal(folder).startswith("ae.safetensors has not the layout of a FLUX autoencoder: ")


@pytest.mark.parametrize("marker", MARKERS)
def test_a_tokenizer_without_a_marker_is_refused(marker: str, folder: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        content["added_tokens"] = [token for token in content["added_tokens"] if token["content"] != marker]

    rewrite_json(folder / "tokenizer.json", change)
    assert refusal(folder) == f"the tokenizer in {folder} lacks {marker}"


def test_a_tokenizer_that_transformers_cannot_read_is_refused(folder: Path) -> None:
    rewrite_json(folder / "tokenizer.json", lambda content: content.update(model={"type": "Unheard"}))
    assert refusal(folder).startswith(f"the tokenizer in {folder} cannot be read: ")


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    vocabulary = {chr(code): code for code in range(400)}
    rewrite_json(folder / "tokenizer.json", lambda content: content["model"].update(vocab=vocabulary))
    assert refusal(folder).endswith("has marker ids [400, 401, 402, 403], the model only 160 embeddings")


@pytest.mark.parametrize(
    "setting, value",
    [("preprocess", "chat"), ("dtype", "int8"), ("attention_backend", "eager"), ("device", "gpu"), ("device", "meta")],
)
def test_an_unknown_setting_is_refused_with_the_known_ones(setting: str, value: str, folder: Path) -> None:
    message = refusal(folder, **{setting: value})
    assert message.startswith("unknown ") and repr(value) in message and "there are" in message


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
@pytest.mark.parametrize("name", ["cuda", "cuda:3"])
def test_a_gpu_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"device={name}, but torch sees no GPU here"):
        read_device(name)
