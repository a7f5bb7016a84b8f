"""The real package, where it is installed: its registry, its task loader and its evaluator."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.config import build

pytestmark = pytest.mark.skipif(find_spec("lmms_eval") is None, reason="lmms-eval is not installed")
ROOT = Path(__file__).parents[3]
ARGUMENTS = "model=bagel_tiny,reducer=g2tr,keep_ratio=0.5"
TASKS = str(ROOT / "experiments/lmms_eval/tasks")


def test_lmms_eval_prints_the_score_of_the_models_own_answers(
    bagel_tiny: Any, compose: Callable[..., DictConfig], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reducer = build(compose("reducer=g2tr", "keep_ratio=0.5").reducer)
    asked = [sample for sample in SceneQuestions().samples() if sample.target in ("yes", "no")][:12]
    answers = [bagel_tiny.answer([s.images[0].open()], s.prompt, reducer, 8) for s in asked]
    right = sum(answer == sample.target for answer, sample in zip(answers, asked, strict=True))
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    command = [sys.executable, "-m", "lmms_eval", "--model", "g2tr", "--model_args", ARGUMENTS, "--device", "cpu"]
    options = ["--tasks", "scenes_yes_no", "--include_path", TASKS]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT, check=True)
    row = next(line for line in done.stdout.splitlines() if line.startswith("|scenes_yes_no|"))
    assert float(row.split("|")[6]) == pytest.approx(right / 12, abs=1e-4)
