import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from g2tr.errors import InputError
from g2tr.evaluation.record import Record, to_line
from g2tr.evaluation.saved_predictions import KINDS, find_predictions, sample_of

RECORD = Record("1", "mme", "count", "Is it?", "yes", "yes", seed=3, cluster="a", facts={"cluster_size": 2})
SETTINGS: dict[str, Any] = {"mme": {"_target_": "g2tr.benchmarks.MME"}}
CONFIG = "benchmark:\n  mme:\n    _target_: g2tr.benchmarks.MME\n"


def folder_with(path: Path, text: str, config: str = CONFIG) -> Path:
    path.mkdir(exist_ok=True)
    (path / "predictions.jsonl").write_text(text)
    if config:
        (path / "config.yaml").write_text(config)
    return path


def test_a_sample_is_rebuilt_from_its_prediction_without_images() -> None:
    sample = sample_of(RECORD)
    assert (sample.id, sample.prompt, sample.target, sample.category) == ("1", "Is it?", "yes", "count")
    assert (sample.images, sample.seed, sample.cluster, sample.facts) == ((), 3, "a", {"cluster_size": 2})


def test_predictions_are_found_in_a_file_a_run_folder_and_below_a_folder(tmp_path: Path) -> None:
    run = folder_with(tmp_path / "run", to_line(RECORD))
    for place in (run, run / "predictions.jsonl", tmp_path):
        (saved,) = find_predictions(place, {})
        assert (saved.records, saved.benchmarks, saved.whole) == ([RECORD], SETTINGS, True)


def test_predictions_of_processes_are_put_together_and_are_not_a_whole_run(tmp_path: Path) -> None:
    run = folder_with(tmp_path / "run", "")
    (run / "predictions.jsonl").rename(run / "predictions.rank0.jsonl")
    (run / "predictions.rank1.jsonl").write_text(to_line(RECORD) + '{"id": "cut o')
    (saved,) = find_predictions(run, {})
    assert (len(saved.records), saved.whole) == (1, False)


def test_foreign_predictions_need_little_and_what_else_they_have_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "1", "prediction": "no", "target": "yes", "temperature": 0}\n\n')
    (saved,) = find_predictions(tmp_path / "x.jsonl", SETTINGS)
    assert saved.records == [Record("1", "mme", "", "", "no", "yes", 0)] and not saved.whole


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2 is no JSON"),
        ("[]", "line 2: wanted a JSON object, got list"),
        ('{"id": "1", "prediction": "a"}', "line 2 is no prediction: it lacks target"),
        ('{"id": "1", "prediction": 7, "target": "a"}', "line 2 is no prediction: prediction is 7"),
        ('{"id": "1", "prediction": "a", "target": "a", "facts": 1}', "line 2 is no prediction: facts is 1"),
        ('{"id": "1", "benchmark": "pope", "prediction": "a", "target": "a"}', "line 2 is of benchmark 'pope'"),
    ],
)
def test_a_line_that_is_no_prediction_is_named(tmp_path: Path, line: str, message: str) -> None:
    first = json.dumps({"id": "0", "prediction": "a", "target": "a"})
    (tmp_path / "x.jsonl").write_text(f"{first}\n{line}\n")
    with pytest.raises(InputError, match=rf"x.jsonl, {message}"):
        list(find_predictions(tmp_path / "x.jsonl", SETTINGS))


def test_a_line_of_a_run_with_an_unknown_field_is_refused_and_not_lost(tmp_path: Path) -> None:
    run = folder_with(tmp_path / "run", to_line(RECORD)[:-2] + ', "mood": "good"}')
    with pytest.raises(InputError, match="line 1 is no prediction: mood is unknown"):
        list(find_predictions(run, {}))


@pytest.mark.parametrize("config", ["", "a: [", "benchmark: 3", "[]"])
def test_a_folder_that_does_not_say_what_was_asked_is_refused(tmp_path: Path, config: str) -> None:
    run = folder_with(tmp_path / "run", to_line(RECORD), config)
    with pytest.raises(InputError, match="has no config.yaml that names benchmarks.*benchmark=NAME"):
        list(find_predictions(run, {}))


def test_a_place_without_predictions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no predictions in"):
        list(find_predictions(tmp_path, {}))
    with pytest.raises(InputError, match="no such folder"):
        list(find_predictions(tmp_path / "nowhere", {}))


def test_every_field_of_a_record_has_its_kind() -> None:
    assert set(KINDS) == {field.name for field in fields(Record)}


def test_a_run_that_goes_on_is_read_with_its_parts_and_a_complete_one_without(tmp_path: Path) -> None:
    run = folder_with(tmp_path / "run", to_line(RECORD))
    newer = replace(RECORD, prediction="no")
    (run / "predictions.rank0.jsonl").write_text(to_line(newer))
    (saved,) = find_predictions(run, {})
    assert (saved.records, saved.whole) == ([newer], False)
    (run / "metrics.json").write_text("{}")
    (saved,) = find_predictions(run, {})
    assert (saved.records, saved.whole) == ([RECORD], True)
