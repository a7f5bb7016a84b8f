import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from g2tr.__main__ import main
from g2tr.errors import InputError
from g2tr.models.hf.cost import decoder_shape, is_exact
from g2tr.models.hf.load import load_hf
from tests.models.hf.checkpoints import save_smolvlm
from tests.models.hf.test_reduce import tiny_vae

OWN = Path(__file__).parents[2] / "data/own"


@pytest.fixture(scope="module")
def smolvlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smolvlm")
    save_smolvlm(folder)
    return folder


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> object:
    """The exit code of the command line, or what it says."""
    monkeypatch.setattr(sys, "argv", ["g2tr", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.filterwarnings("ignore")
def test_a_checkpoint_on_disk_goes_from_the_command_line_to_metrics_cost_and_pictures(
    smolvlm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    tiny_vae().save_pretrained(tmp_path / "vae")
    model = ("model=smolvlm", f"model.checkpoint={smolvlm}", "model.dtype=float32", f"model.latents={tmp_path / 'vae'}")
    data = ("benchmark=questions", f"benchmark.questions.path={OWN}", "benchmark.questions.max_tokens=3")
    out = tmp_path / "outputs"
    reducer = ("reducer=contrast_sampling", "reducer.min_keep=4", f"outputs={out}")
    assert run(*model, *data, *reducer, monkeypatch=monkeypatch) == 0
    assert "18 / 36" in capfd.readouterr().out
    (folder,) = out.glob("smolvlm-questions-contrast_sampling-*")
    metrics = json.loads((folder / "metrics.json").read_text())
    result = metrics["benchmarks"]["questions"]
    assert result["n"] == 3 and "accuracy" in result["scores"] and result["failed"] <= 3
    assert result["tokens"]["full"] == 36 and result["tokens"]["kept"] == 18
    cost = result["cost"]
    assert cost["prefill_flops"] < cost["prefill_flops_full"] and cost["anchor_flops"] > 0 < cost["vit_flops"]
    assert run("report", str(out), f"out={tmp_path / 'report'}", monkeypatch=monkeypatch) == 0
    assert list((tmp_path / "report/figures").glob("*kept*"))


def test_a_loaded_model_answers_from_half_of_every_tile(smolvlm: Path) -> None:
    model = load_hf(str(smolvlm), dtype="float32")
    image = Image.effect_noise((200, 100), 64).convert("RGB")
    (outcome,) = model.answers(image, "What?", None, max_tokens=2)
    assert [view.grid for view in outcome.trace.views] == [(6, 6)]
    assert model.settings["family"] == "smolvlm"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"checkpoint": None}, "name the model: model.checkpoint=FOLDER, or a hub id"),
        ({"checkpoint": "./no"}, "model.checkpoint=./no: no such folder, and no hub id of the form owner/name"),
        ({"checkpoint": str(OWN)}, "own: its processor cannot be loaded: "),
        ({"positions": "new"}, "positions must be one of original, compact, got 'new'"),
        ({"attention_backend": "flash"}, "attention_backend must be one of sdpa, eager, got 'flash'"),
        ({"preprocess": "tiles"}, "preprocess must be processor, the checkpoint's own, got 'tiles'"),
        ({"latents": str(OWN)}, "no autoencoder at "),
    ],
)
def test_a_setting_that_cannot_work_is_one_clear_line(settings: dict[str, Any], said: str, smolvlm: Path) -> None:
    with pytest.raises(InputError, match=said):
        load_hf(**{"checkpoint": str(smolvlm), "dtype": "float32", **settings})


def test_a_model_without_safetensors_is_refused(smolvlm: Path, tmp_path: Path) -> None:
    for file in smolvlm.glob("*.json*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "chat_template.jinja").write_bytes((smolvlm / "chat_template.jinja").read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="transformers cannot load it: .*safetensors"):
        load_hf(str(tmp_path))


def test_flops_of_layers_that_are_no_dense_decoder_are_called_approximate(
    smolvlm: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = load_hf(str(smolvlm), dtype="float32")
    assert is_exact(model.network.get_decoder(), model.shape.language)
    model.network.get_decoder().layers[1].mlp.gate_proj = torch.nn.Linear(32, 999)
    assert not is_exact(model.network.get_decoder(), model.shape.language)
    monkeypatch.setattr("g2tr.models.hf.load.is_exact", lambda *_: False)
    with caplog.at_level(logging.WARNING):
        load_hf(str(smolvlm), "strange", dtype="float32")
    assert "prefill FLOPs of strange are approximate" in caplog.text


def test_a_configuration_without_a_size_is_named() -> None:
    with pytest.raises(InputError, match="NoneType does not state num_hidden_layers"):
        decoder_shape(None, 4)
