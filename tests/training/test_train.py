"""`g2tr train` as a whole."""

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.training import callbacks as pace
from g2tr.training.bagel_module import BagelModule
from g2tr.training.validation import EVERYTHING
from tests.training.conftest import SMALL, Train

pytestmark = pytest.mark.filterwarnings("ignore")


SHORT = ("recipe.autoencoder.steps=60", "recipe.umm.steps=100", "recipe.exam.scenes=1", "recipe.exam.edits=1")


@pytest.fixture(scope="module")
def smoke(run_train: Train, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_train(tmp_path_factory.mktemp("smoke"), *SHORT, "machine.log_every=1")


@pytest.fixture(scope="module")
def exported(smoke: Path) -> Bagel:
    sampling = Sampling(num_timesteps=3, shift=1.0, text_scale=1.0, image_scale=1.0)
    return load_bagel(str(smoke / "export"), dtype="float32", sampling=sampling)


def logged(part: Path, name: str) -> Iterator[float]:
    for path in sorted(part.glob("log/version_*/metrics.csv")):
        with path.open(encoding="utf-8") as file:
            yield from (float(row[name]) for row in csv.DictReader(file) if row.get(name))


def weights(folder: Path) -> list[bytes]:
    return [(folder / "export" / f"{name}.safetensors").read_bytes() for name in ("ae", "ema")]


@pytest.mark.parametrize(("part", "name"), [("autoencoder", "loss"), ("umm", "answer_loss")])
def test_the_loss_falls(smoke: Path, part: str, name: str) -> None:
    losses = list(logged(smoke / part, name))
    quarter = len(losses) // 4
    assert fmean(losses[-quarter:]) < 0.8 * fmean(losses[:quarter])


def test_the_export_answers_and_edits(exported: Bagel, scene: Image.Image) -> None:
    outcome = exported.answers([scene], ["what color is the background ?"], EVERYTHING, 3)[0]
    assert len(outcome.output.split()) <= 3
    assert exported.edit([scene], "make the background gray", EVERYTHING, seed=0).output.size == scene.size


def test_the_run_folder_holds_targets_pictures_and_numbers(smoke: Path) -> None:
    table = (smoke / "targets.md").read_text(encoding="utf-8")
    assert "questions: v1 bg" in table
    assert "edits: v1 recolor" in table
    assert "at least 35 dB" in table
    assert {path.name for path in (smoke / "images").iterdir()} == {"exam.png", "step-000100.png"}
    assert '"megabytes"' in (smoke / "metrics.json").read_text(encoding="utf-8")


def test_a_finished_run_is_not_run_again(smoke: Path, run_train: Train, capsys: pytest.CaptureFixture[str]) -> None:
    before, start = weights(smoke), time.monotonic()
    assert run_train(smoke.parent, *SHORT, "machine.log_every=1") == smoke
    assert time.monotonic() - start < 5
    assert weights(smoke) == before
    assert "| autoencoder" in capsys.readouterr().out


def test_a_run_in_pieces_gives_the_weights_of_one_run(run_train: Train, tmp_path: Path) -> None:
    whole = run_train(tmp_path / "whole", *SMALL)
    for _ in range(12):
        pieces = run_train(tmp_path / "pieces", *SMALL, "machine.piece=0.0")
        if (pieces / "targets.md").is_file():
            break
    assert len(list(pieces.glob("umm/log/version_*"))) == 5
    assert weights(whole) == weights(pieces)
    assert (whole / "metrics.json").read_bytes() == (pieces / "metrics.json").read_bytes()


def test_a_killed_run_goes_on_to_the_same_weights(
    run_train: Train, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run_train(tmp_path / "whole", *SMALL, "seed=1")
    monkeypatch.setattr(pace, "KEEP_SECONDS", -1.0)
    with monkeypatch.context() as patched:
        step = BagelModule.training_step

        def dies(self: BagelModule, batch: Any, batch_idx: int) -> Any:
            if self.trainer.global_step == 3:
                raise RuntimeError("killed")
            return step(self, batch, batch_idx)

        patched.setattr(BagelModule, "training_step", dies)
        with pytest.raises(RuntimeError, match="killed"):
            run_train(tmp_path / "killed", *SMALL, "seed=1")
    assert weights(run_train(tmp_path / "killed", *SMALL, "seed=1")) == weights(whole)


def test_each_part_has_its_own_wandb_run(run_train: Train, tmp_path: Path) -> None:
    folder = run_train(tmp_path, *SMALL, "machine.wandb=offline")
    for part in ("autoencoder", "umm"):
        assert len(list((folder / part / "wandb").glob("offline-run-*"))) == 1


def test_an_unknown_wandb_mode_is_refused_in_one_line(run_train: Train, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"machine\.wandb must be online, offline or disabled, got 'maybe'"):
        run_train(tmp_path, "machine.wandb=maybe")


def test_a_device_that_is_not_there_is_refused_in_one_line(run_train: Train, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="but torch sees"):
        run_train(tmp_path, "machine.device=cuda:99")
