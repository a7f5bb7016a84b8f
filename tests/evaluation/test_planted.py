"""Whoever writes to a folder of outputs runs nothing in the process of another user: one test for each command."""

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf

from g2tr.assets import ASSETS
from g2tr.cli.judge import export, judge
from g2tr.cli.merge_shards import merge
from g2tr.cli.report import report
from g2tr.cli.score import rescore
from g2tr.config import build
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.report.tables.table import comparison

Compose = Callable[..., DictConfig]
Compound = dict[str, Any]
PLANTED: Compound = {"_target_": "os.makedirs", "name": "planted"}
CHOICE = ("benchmark=scenes_questions", "limit=1", "reducer=none", "outputs=outputs")
READ = ("paths=[outputs]",)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A working directory in which nothing may appear."""
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "planted").exists()


def plant(change: Callable[[Compound], None], file: str = "metrics.json") -> None:
    """Changes the settings that a finished run has left."""
    (place,) = Path("outputs").glob(f"*/{file}")
    content: Any = (
        json.loads(place.read_text()) if file.endswith("json") else OmegaConf.to_container(OmegaConf.load(place))
    )
    change(content)
    place.write_text(json.dumps(content))


def planted_benchmark(content: Compound) -> None:
    content["benchmark"]["scenes_questions"] = PLANTED


def planted_part(content: Compound) -> None:
    content["benchmark"]["scenes_questions"]["path"] = PLANTED


def planted_text(content: Compound) -> None:
    content["benchmark"]["scenes_questions"]["path"] = "${oc.create:'{_target_: os.makedirs, name: planted}'}"


CHANGES = (planted_benchmark, planted_part, planted_text)


@pytest.mark.parametrize("change", CHANGES)
def test_evaluate(compose: Compose, change: Callable[[Compound], None]) -> None:
    evaluate(compose(*CHOICE))
    plant(change)
    with pytest.raises(InputError, match="metrics.json is of other settings than its folder"):
        evaluate(compose(*CHOICE))


@pytest.mark.parametrize("change", CHANGES)
def test_the_table_of_an_evaluation(compose: Compose, change: Callable[[Compound], None]) -> None:
    (run,) = evaluate(compose(*CHOICE))
    change(run.metrics)
    if change is planted_benchmark:
        with pytest.raises(InputError, match="os.makedirs is no benchmark"):
            comparison([run])
    else:
        assert "accuracy" in comparison([run])


@pytest.mark.parametrize("file", ["metrics.json", "config.yaml"])
@pytest.mark.parametrize("change", CHANGES)
def test_merge(compose: Compose, change: Callable[[Compound], None], file: str) -> None:
    evaluate(compose(*CHOICE))
    plant(change, file)
    with pytest.raises(InputError):
        merge(compose(*READ, "outputs=outputs", config_name="merge"))


def test_merge_writes_no_image_outside_its_folder_and_reads_none(compose: Compose, tmp_path: Path) -> None:
    evaluate(compose("benchmark=scenes_edits", *CHOICE[1:], "shard=1/1", "model.sampling.num_timesteps=2"))
    (run,) = Path("outputs").glob("bagel*")
    (run / "metrics.json").unlink()
    lines, secret = run / "predictions.jsonl", tmp_path / "secret.png"
    record = json.loads(lines.read_text())
    secret.write_bytes((run / record["prediction"]).read_bytes())
    for place in ("images/../../../secret.png", "images/link.png"):
        lines.write_text(json.dumps(record | {"prediction": place}) + "\n")
        (run / "images/link.png").unlink(missing_ok=True)
        (run / "images/link.png").symlink_to(secret)
        with pytest.raises(InputError, match="leaves the run folder"):
            merge(compose(*READ, "outputs=all", config_name="merge"))


def test_merge_shows_nothing_of_the_environment(
    compose: Compose, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SECRET", "hidden words")
    evaluate(compose(*CHOICE))
    plant(lambda content: content["model"].update(note="${oc.env:SECRET}"), "config.yaml")
    for file in Path("outputs").glob("*/metrics.json"):
        file.unlink()
    merge(compose(*READ, "outputs=all", config_name="merge"))
    assert not any("hidden words" in file.read_text() for file in Path("all").rglob("*.*") if file.is_file())


@pytest.mark.parametrize("change", CHANGES)
def test_score(compose: Compose, change: Callable[[Compound], None]) -> None:
    evaluate(compose(*CHOICE))
    plant(change)
    plant(change, "config.yaml")
    with pytest.raises(InputError, match="may not"):
        rescore(compose(*READ, config_name="score"))


@pytest.mark.parametrize("change", CHANGES)
def test_judge_and_export(compose: Compose, change: Callable[[Compound], None]) -> None:
    evaluate(compose(*CHOICE))
    plant(change)
    plant(change, "config.yaml")
    with pytest.raises(InputError, match="may not"):
        judge(compose(*READ, "judge=openai", "judge.key_variable=null", config_name="score"))
    with pytest.raises(InputError, match="may not"):
        export(compose(*READ, "export=exported", config_name="score"))


@pytest.mark.parametrize("change", CHANGES)
def test_report(compose: Compose, change: Callable[[Compound], None], capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(compose(*CHOICE))
    plant(change)
    if change is planted_benchmark:
        with pytest.raises(InputError, match="os.makedirs is no benchmark"):
            report(compose(*READ, config_name="report"))
    else:
        report(compose(*READ, config_name="report"))
        assert "may not" in capsys.readouterr().out


@pytest.mark.filterwarnings("ignore")
def test_a_logger(compose: Compose) -> None:
    pytest.importorskip("wandb")
    evaluate(compose(*CHOICE))
    plant(planted_part)
    cfg = compose(*CHOICE, "logger=wandb")
    with pytest.raises(InputError, match="of other settings"), build(cfg.logger).opened(cfg) as log:
        log(evaluate(cfg)[-1])


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        import os

        return os.makedirs, ("planted",)


@pytest.mark.filterwarnings("ignore")
def test_train(compose: Compose) -> None:
    from g2tr.cli.train import train

    small = (
        "recipe.autoencoder.steps=50",
        "recipe.pictures.batch=1",
        "recipe.pictures.crop=32",
        "machine.piece=0.0001",
    )
    folder = train(compose(*small, "outputs=outputs", config_name="train"))
    torch.save({"state_dict": {}, "bomb": Bomb()}, folder / "autoencoder/last.ckpt")
    with pytest.raises(InputError, match="last.ckpt is damaged, or holds more than weights"):
        train(compose(*small, "outputs=outputs", config_name="train"))


@pytest.fixture
def checkpoint(tmp_path: Path) -> str:
    """The embedded model, with code beside its tokenizer, and with pickles beside its weights."""
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    for file in (ASSETS / "bagel_tiny").iterdir():
        if file.name != "tokenizer_config.json":
            (folder / file.name).symlink_to(file)
    code = "import os\nos.makedirs('planted')\nclass Planted: pass\n"
    settings = json.loads((ASSETS / "bagel_tiny/tokenizer_config.json").read_text())
    settings |= {"auto_map": {"AutoTokenizer": ["planted_code.Planted", None]}, "tokenizer_class": "Planted"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "planted_code.py").write_text(code)
    for name in ("ema.bin", "pytorch_model.bin", "ae.pt"):
        (folder / name).write_bytes(pickle.dumps(Bomb()))
    return str(folder)


def test_profile_and_a_checkpoint(compose: Compose, checkpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from g2tr.cli.profile import profile

    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(InputError, match="tokenizer"):
        profile(compose("model=bagel_tiny", f"model.checkpoint={checkpoint}", config_name="profile"))


def test_lmms_eval(checkpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.integrations.lmms_eval.contract import modules

    for name, module in modules().items():
        monkeypatch.setitem(sys.modules, name, module)
    from g2tr.integrations.lmms_eval.model import G2TR

    monkeypatch.setattr("builtins.input", lambda *_: "y")
    with pytest.raises(InputError, match="tokenizer"):
        G2TR(**{"model": "bagel_tiny", "model.checkpoint": checkpoint, "device": "cpu"})
