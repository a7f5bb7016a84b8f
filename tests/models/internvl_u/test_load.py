"""Loading: what is read and how, and settings that cannot work."""

import json
import logging
from pathlib import Path

import pytest
import torch
from PIL.Image import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from g2tr.models.internvl_u.load import load_internvl_u
from g2tr.models.internvl_u.model import InternVLU
from g2tr.reducers.tokens import LatentGrid
from tests.models.bagel.published import rewrite_json
from tests.models.internvl_u.refusal import refusal


def state(model: InternVLU) -> dict[str, Tensor]:
    parts = model.parts
    modules = {"vlm": parts.network, "vae": parts.codec.vae, "decoder": parts.require_drawer().decoder}
    return {f"{part}.{key}": x for part, module in modules.items() for key, x in module.state_dict().items()}


def test_weights_may_be_spread_over_several_files(folder: Path, recorded: InternVLU) -> None:
    path = folder / "vlm" / "model.safetensors"
    tensors = load_file(path)
    path.unlink()
    keys = sorted(tensors)
    places = {
        key: f"model-{number}.safetensors" for number, share in enumerate((keys[::2], keys[1::2])) for key in share
    }
    for name in sorted(set(places.values())):
        save_file({key: tensors[key] for key in keys if places[key] == name}, folder / "vlm" / name)
    (folder / "vlm" / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    found, wanted = (state(model) for model in (load_internvl_u(str(folder), dtype="float32"), recorded))
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key].cpu(), wanted[key].cpu()) for key in found)


def test_every_parameter_has_memory_of_its_own_type_and_no_gradient(checkpoint: Path) -> None:
    model = load_internvl_u(str(checkpoint), dtype="bfloat16")
    for key, value in state(model).items():
        assert not value.is_meta and not value.requires_grad
        assert value.dtype == (torch.float32 if key.startswith("vae.") else torch.bfloat16)


def test_an_understanding_model_says_what_it_skipped(checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "g2tr"):
        model = load_internvl_u(str(checkpoint), dtype="float32", generation=False)
        assert caplog.records == []
        assert not hasattr(model.parts.codec.vae, "decoder")
    assert [record.args[0] for record in caplog.records if isinstance(record.args, tuple)] == ["vae"]


def test_an_understanding_model_reads_the_encoder_when_a_reducer_reads_latents(
    checkpoint: Path, scene: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    from g2tr.models.internvl_u import load

    model, asked = load_internvl_u(str(checkpoint), dtype="float32", generation=False), []
    original = load.load_weights
    monkeypatch.setattr(load, "load_weights", lambda *arguments: (asked.append(1), original(*arguments))[1])
    assert model.vae_flops((112, 112)) > 0
    model.encode(scene, frozenset())
    assert asked == []
    for _ in range(2):
        assert model.encode(scene, frozenset({LatentGrid})).has(LatentGrid)
    assert asked == [1]


def test_a_full_model_skips_nothing(checkpoint: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "g2tr"):
        load_internvl_u(str(checkpoint), dtype="float32")
    assert caplog.records == []


def test_bfloat16_stays_within_five_percent(checkpoint: Path, recorded: InternVLU, golden: dict[str, Tensor]) -> None:
    from g2tr.models.internvl_u.vision import see

    half = load_internvl_u(str(checkpoint), dtype="bfloat16")
    found, _ = see(half.parts.network, golden["pixel_values"][0])
    wanted = golden["vit.mlp1"][0]
    assert (found.float() - wanted).square().mean().sqrt() < 0.05 * wanted.square().mean().sqrt()


def test_settings_say_how_the_model_was_loaded(recorded: InternVLU, checkpoint: Path) -> None:
    assert recorded.settings["checkpoint"] == str(checkpoint)
    assert (recorded.settings["positions"], recorded.settings["dtype"]) == ("compact", "float32")


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"preprocess": "tiles"}, "unknown preprocess 'tiles'; there is single_tile"),
        ({"positions": "dense"}, "unknown positions 'dense'; there are compact, original"),
        ({"anchor_side": 100}, "anchor_side must be a multiple of 8 pixels, got 100"),
        ({"anchor_side": 0}, "anchor_side must be a whole number of pixels, got 0"),
        ({"dtype": "int3"}, "unknown dtype 'int3'"),
        ({"device": "abacus"}, "unknown device 'abacus'"),
        ({"attention_backend": "eager"}, "unknown attention 'eager'"),
    ],
)
def test_a_setting_that_cannot_work_is_refused(setting: dict[str, object], message: str, checkpoint: Path) -> None:
    assert refusal(checkpoint, **setting).startswith(message)


def test_a_decoder_for_other_states_is_refused(folder: Path) -> None:
    path = folder / "generation_decoder" / "config.json"
    rewrite_json(path, lambda content: content["decoder_config"].update(joint_attention_dim=64))
    assert refusal(folder) == f"{path}: joint_attention_dim must be two hidden states of 64, got 64"


def test_a_side_for_anchors_that_cannot_work_is_refused_before_any_weights_are_read(folder: Path) -> None:
    for path in folder.rglob("*.safetensors"):
        path.write_bytes(b"")
    assert refusal(folder, anchor_side=100) == "anchor_side must be a multiple of 8 pixels, got 100"
