"""Parts of runs in several places become complete runs, and nothing that was there is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from omegaconf import DictConfig

from g2tr.benchmarks.sample import Sample
from g2tr.cli.merge_shards import gather, merge, require_all
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import RunFolder

Compose = Callable[..., DictConfig]
QUESTIONS = ("benchmark=scenes_questions", "limit=6")


def record(name: str, answer: str) -> Record:
    return Record(name, "scenes", "exist", "is there ?", answer, "yes", seed=1)


def test_two_places_with_parts_of_one_name_both_count_and_nothing_is_written_over(tmp_path: Path) -> None:
    a, b, both = (RunFolder(tmp_path / name / "run") for name in "abc")
    for folder in (a, b, both):
        folder.prepare({}, fresh=False)
    a.append("1of2.rank0", [record("1", "a"), record("2", "a")])
    b.append("1of2.rank0", [record("2", "b"), record("3", "b")])
    gather(a, both)
    gather(b, both)
    assert [(r.id, r.prediction) for r in both.records().values()] == [("1", "a"), ("2", "a"), ("3", "b")]


def test_a_reducer_that_keeps_all_stays_relative_to_the_reference(compose: Compose, tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        evaluate(compose(*QUESTIONS, "keep_ratio=1.0", f"shard={shard}", f"outputs={tmp_path}"))
    none, g2tr = merge(compose(f"paths=[{tmp_path}]", f"outputs={tmp_path}", config_name="merge"))
    assert none.metrics["reducer"]["name"] == "none"
    assert "relative" not in none.metrics["benchmarks"]["scenes_questions"]
    assert g2tr.metrics["benchmarks"]["scenes_questions"]["relative"]["accuracy"] == 1.0


def test_merging_twice_changes_nothing(compose: Compose, tmp_path: Path) -> None:
    for shard in ("1/2", "2/2"):
        evaluate(compose(*QUESTIONS, "reducer=none", f"shard={shard}", f"outputs={tmp_path / 'parts'}"))
    choice = (f"paths=[{tmp_path / 'parts'}]", f"outputs={tmp_path / 'all'}")
    (first,) = merge(compose(*choice, config_name="merge"))
    before = {file.name: file.read_bytes() for file in first.folder.path.glob("*.json*")}
    merge(compose(*choice, config_name="merge"))
    assert {file.name: file.read_bytes() for file in first.folder.path.glob("*.json*")} == before


def test_a_place_without_runs_is_named(compose: Compose, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("a: [1")
    with pytest.raises(InputError, match="no run folders below"):
        merge(compose(f"paths=[{tmp_path}]", config_name="merge"))


def test_settings_that_would_build_something_else_are_refused(compose: Compose, tmp_path: Path) -> None:
    evaluate(compose(*QUESTIONS, "reducer=none", "shard=1/2", f"outputs={tmp_path}"))
    (config,) = tmp_path.glob("*/config.yaml")
    config.write_text(config.read_text().replace("g2tr.benchmarks.SceneQuestions", "os.getcwd"))
    with pytest.raises(InputError, match="may not build os.getcwd"):
        merge(compose(f"paths=[{tmp_path}]", f"outputs={tmp_path}", config_name="merge"))


def test_a_shard_that_starts_afresh_forgets_its_own_part_alone(compose: Compose, tmp_path: Path) -> None:
    many = ("benchmark=scenes_questions", "limit=24", "reducer=none", f"outputs={tmp_path}")
    for shard in ("1/3", "2/3", "3/3"):
        evaluate(compose(*many, f"shard={shard}"))
    parts = {file.name: file for file in tmp_path.glob("*/predictions.*.jsonl")}
    lines = {
        name: file.read_text().replace('"prediction": "', '"prediction": "tampered ') for name, file in parts.items()
    }
    for name, file in parts.items():
        file.write_text(lines[name])
    evaluate(compose(*many, "shard=2/3", "resume=false"))
    after = {name: file.read_text() for name, file in parts.items() if file.is_file()}
    assert {name for name in parts if after.get(name) == lines[name]} == {
        "predictions.1of3.rank0.jsonl",
        "predictions.3of3.rank0.jsonl",
    }
    assert "tampered" not in after["predictions.2of3.rank0.jsonl"]


def test_the_one_sample_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.prepare({}, fresh=False)
    folder.append("rank0", [record("1", "a")])
    samples = [Sample(name, (), "?", "yes", "exist") for name in "12"]
    require_all(folder, {"scenes": samples[:1]})
    with pytest.raises(InputError, match="1 of 2 samples are missing, the first is 2 of scenes"):
        require_all(folder, {"scenes": samples})
