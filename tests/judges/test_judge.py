"""`g2tr score` on edits that the embedded model made, before a real endpoint."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from g2tr.cli.judge import export, judge
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.images import ImageSource

GEDIT = Path(__file__).parents[1] / "data/edits/gedit.parquet"
Compose = Callable[..., DictConfig]


@pytest.fixture(scope="module")
def outputs(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """G²TR and its reference on the tiny GEdit-Bench."""
    place = tmp_path_factory.mktemp("outputs")
    data = ("benchmark=gedit", f"benchmark.gedit.dataset.path={GEDIT}", "model.sampling.num_timesteps=2")
    evaluate(compose(*data, f"outputs={place}"))
    return place


def verdict(request: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
    text = request["messages"][0]["content"][0]["text"]
    scores = {"success": 4, "overediting": 9} if "success" in text else {"naturalness": 9, "artifacts": 9}
    message = {"content": json.dumps(scores)}
    return 200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode(), {}


def test_edits_are_judged_stored_and_printed(
    outputs: Path, endpoint: Any, compose: Compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.says(verdict)
    choice = ("judge=openai", f"judge.base_url={endpoint.url}", "judge.key_variable=null", "judge.model=tiny")
    judge(compose(f"paths=[{outputs}]", *choice, f"judging.cache={tmp_path}", config_name="score"))
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(table) == 2 + 2 and "overall/en" in table[0]
    assert all("| tiny " in line and " 6.00 " in line for line in table[2:])
    assert sum("6.00 (100.0)" in line for line in table) == 1
    assert len(list(outputs.glob("*/judged/*.json"))) == 2


def test_edits_are_written_as_the_scripts_of_the_benchmark_expect_them(
    outputs: Path, compose: Compose, tmp_path: Path
) -> None:
    written = export(compose(f"paths=[{outputs}]", f"export={tmp_path}", config_name="score"))
    assert {path.name for path in written} == {"a1.png", "a1_SRCIMG.png", "b2.png", "b2_SRCIMG.png"}
    assert all(ImageSource(path).open().size for path in written)


def test_runs_must_be_named_and_have_something_to_export(compose: Compose, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="name run folders"):
        judge(compose("judge=openai", "judge.key_variable=null", config_name="score"))
    done = evaluate(compose("benchmark=scenes_questions", "limit=1", "reducer=none", f"outputs={tmp_path}"))
    with pytest.raises(InputError, match="nothing to export"):
        export(compose(f"paths=[{done[0].folder.path}]", "export=out", config_name="score"))


def test_an_endpoint_that_fails_always_is_said_in_one_line_and_ends_with_an_error(
    outputs: Path, endpoint: Any, compose: Compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.says(500)
    choice = (f"judge.base_url={endpoint.url}", "judge.key_variable=null", "judge.retries=0", "judge.model=down")
    with pytest.raises(InputError, match="no edit could be judged; the first failed with: .*500"):
        judge(compose(f"paths=[{outputs}]", "judge=openai", *choice, f"judging.cache={tmp_path}", config_name="score"))
    assert "|" not in capsys.readouterr().out


def test_what_was_judged_in_part_is_shown_with_the_number_that_is_missing(
    outputs: Path, endpoint: Any, compose: Compose, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.says(verdict, verdict, 500)
    choice = (f"judge.base_url={endpoint.url}", "judge.key_variable=null", "judge.retries=0", "judging.workers=1")
    judge(compose(f"paths=[{outputs}]", "judge=openai", *choice, f"judging.cache={tmp_path}", config_name="score"))
    assert "unjudged" in capsys.readouterr().out
