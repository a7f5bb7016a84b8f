"""From a run folder to its judged scores, with a real endpoint."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig
from PIL import Image

from g2tr.benchmarks.gedit import GEditBench
from g2tr.benchmarks.magicbrush import MagicBrush
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.config import conf_dir
from g2tr.errors import InputError
from g2tr.evaluation.record import Record, to_line
from g2tr.evaluation.run_folder import RunFolder
from g2tr.judges.judged_folder import judge_folder, runner_of

EDITS = Path(__file__).parents[1] / "data/edits"
Compose = Callable[..., DictConfig]


def note(run: RunFolder, record: Record) -> None:
    with (run.path / "predictions.jsonl").open("a", encoding="utf-8") as file:
        file.write(to_line(record))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.prepare({}, fresh=False)
    for sample in gedit().samples():
        place = run.save_image(f"gedit-{sample.id}", Image.new("RGB", (8, 8), "green"))
        note(run, Record(sample.id, "gedit", sample.category, sample.prompt, place, None, 0, facts=sample.facts))
    return run


def gedit() -> GEditBench:
    return GEditBench(Dataset(str(EDITS / "gedit.parquet")))


def answer(request: dict[str, Any]) -> tuple[int, bytes, dict[str, str]]:
    text = request["messages"][0]["content"][0]["text"]
    scores = {"success": 9, "overediting": 4} if "success" in text else {"naturalness": 9, "artifacts": 10}
    message = {"content": json.dumps({"reason": "so", **scores})}
    return 200, json.dumps({"choices": [{"message": message, "finish_reason": "stop"}]}).encode(), {}


def judge_node(compose: Compose, endpoint: Any, *overrides: str) -> DictConfig:
    node: DictConfig = compose("judge=openai", f"judge.base_url={endpoint.url}", *overrides, config_name="score").judge
    return node


def test_a_run_is_judged_stored_and_never_asked_about_twice(
    folder: RunFolder, endpoint: Any, compose: Compose, tmp_path: Path
) -> None:
    endpoint.says(429, answer)
    node = judge_node(compose, endpoint, "judge.model=tiny", "judge.pause=0.01", "judge.key_variable=null")
    runner = runner_of(node, str(tmp_path / "cache"), None, workers=2, progress=False)
    content = judge_folder(folder, {"gedit": gedit()}, runner)
    assert content["benchmarks"]["gedit"]["scores"]["overall/en"] == 6.0
    assert content["judge"]["model"] == "tiny" and content["judge"]["base_url"] == endpoint.url
    (scores,), (lines,) = folder.path.glob("judged/*.json"), folder.path.glob("judged/*.jsonl")
    assert json.loads(scores.read_text()) == content
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [(row["id"], row["inquiry"], row["outcome"]) for row in rows] == [
        (name, inquiry, "scored") for name in ("en-a1", "en-b2") for inquiry in ("gedit.semantics", "gedit.quality")
    ]
    asked = len(endpoint.requests)
    assert judge_folder(folder, {"gedit": gedit()}, runner) == content
    assert len(endpoint.requests) == asked == 5


def test_other_prompts_are_judged_apart(folder: RunFolder, endpoint: Any, compose: Compose, tmp_path: Path) -> None:
    endpoint.says(answer)
    (tmp_path / "official.yaml").write_text("gedit:\n  quality: 'Rate naturalness and artifacts.'\n")
    node = judge_node(compose, endpoint)
    for prompts in (None, str(tmp_path / "official.yaml")):
        judge_folder(folder, {"gedit": gedit()}, runner_of(node, str(tmp_path / "cache"), prompts, 1, progress=False))
    assert len(list(folder.path.glob("judged/*.json"))) == 2
    assert len(endpoint.requests) == 6


def test_a_run_without_a_judged_benchmark_is_named(folder: RunFolder, endpoint: Any, compose: Compose) -> None:
    brush = MagicBrush(Dataset(str(EDITS / "magicbrush.parquet")))
    with pytest.raises(InputError, match="none of magicbrush is scored by a judge"):
        judge_folder(folder, {"magicbrush": brush}, runner_of(judge_node(compose, endpoint), "cache", None, 1))


def test_no_workers_are_refused(endpoint: Any, compose: Compose) -> None:
    with pytest.raises(InputError, match="workers"):
        runner_of(judge_node(compose, endpoint), "cache", None, 0)


@pytest.mark.parametrize("name", sorted(path.stem for path in (conf_dir() / "judge").glob("*.yaml")))
def test_every_judge_is_built_or_is_none(name: str, compose: Compose) -> None:
    node = compose(f"judge={name}", config_name="score").judge
    assert not node if name == "none" else runner_of(node, "cache", None, 1).judge.identity["model"]
