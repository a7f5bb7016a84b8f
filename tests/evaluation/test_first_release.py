"""Run folders of 0.1.0, whose settings name the files that classes were in."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.cli.score import rescore
from g2tr.evaluation.trusted_config import build_benchmark, current_name
from g2tr.report.collect import collect
from g2tr.report.tables.table import stages

FOLDERS = Path(__file__).parents[1] / "data" / "run_0_1_0"


def test_they_are_collected_with_the_names_of_their_strategies() -> None:
    runs = collect([FOLDERS]).runs
    assert [stages(run.metrics["reducer"]) for run in runs] == ["–", "random × topk × drop"]


def test_they_are_scored_to_what_they_said(
    compose: Callable[..., DictConfig], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(FOLDERS, tmp_path / "runs")
    rescore(compose(f"paths=[{tmp_path / 'runs'}]", config_name="score"))
    assert "66.7 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("g2tr.benchmarks.mme.MME", "g2tr.benchmarks.MME"),
        ("g2tr.metrics.perceptual.Dino", "g2tr.metrics.Dino"),
        ("g2tr.benchmarks.MME", "g2tr.benchmarks.MME"),
        ("os.system", "os.system"),
        ("g2tr.predict.torch.load", "g2tr.predict.torch.load"),
    ],
)
def test_a_class_has_one_name_wherever_it_was(then: str, now: str) -> None:
    assert current_name(then) == now


def test_their_benchmarks_are_built() -> None:
    (run,) = FOLDERS.glob("*-none-*")
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert build_benchmark("scenes_questions", metrics["benchmark"]["scenes_questions"]).task == "answer"
