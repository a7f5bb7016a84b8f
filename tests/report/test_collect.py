import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from g2tr.errors import InputError
from g2tr.evaluation.run_folder import Run
from g2tr.report.collect import collect

MakeRun = Callable[..., Run]


def test_runs_are_found_by_their_folder_or_any_folder_above(make_run: MakeRun, tmp_path: Path) -> None:
    runs = [make_run("none", 1.0), make_run("g2tr")]
    above, themselves = collect([tmp_path]), collect([run.folder.path for run in runs])
    assert [run.metrics["run_id"] for run in themselves.runs] == [run.metrics["run_id"] for run in runs]
    assert {run.folder.path for run in above.runs} == {run.folder.path for run in runs}
    assert above.left_out == []


def test_a_run_counts_once(make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("g2tr")
    shutil.copytree(run.folder.path, tmp_path / "copy")
    assert len(collect([tmp_path, run.folder.path]).runs) == 1


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("metrics.json", None, "not complete, it has no metrics.json"),
        ("metrics.json", "{", "metrics.json is not readable"),
        ("metrics.json", "[]", "metrics.json is no mapping"),
        ("metrics.json", "{}", "metrics.json lacks run_id"),
        ("predictions.jsonl", "{}\n", "predictions.jsonl has 0 readable lines for 15 graded samples"),
    ],
)
def test_a_broken_run_is_named_and_left_out(
    file: str, content: str | None, reason: str, make_run: MakeRun, tmp_path: Path
) -> None:
    make_run("none", 1.0)
    broken = make_run("g2tr").folder.path / file
    broken.unlink() if content is None else broken.write_text(content)
    collected = collect([tmp_path])
    assert [run.metrics["reducer"]["name"] for run in collected.runs] == ["none"]
    assert len(collected.left_out) == 1
    assert collected.left_out[0].startswith("g2tr-0.5-") and collected.left_out[0].endswith(reason)


@pytest.mark.parametrize("found", [{"n": 0, "scores": {"accuracy": 1.0}}, {"n": 12, "scores": {}}])
def test_a_run_without_any_grade_is_left_out(found: object, make_run: MakeRun, tmp_path: Path) -> None:
    run = make_run("g2tr")
    make_run("none", 1.0)
    benchmarks = {**run.metrics["benchmarks"], "questions": found}
    run.folder.metrics_file.write_text(json.dumps({**run.metrics, "benchmarks": benchmarks}))
    assert collect([tmp_path]).left_out[0].endswith("no sample of questions was graded")


def test_metrics_of_an_unknown_form_are_left_out(make_run: MakeRun, tmp_path: Path) -> None:
    make_run("none", 1.0)
    run = make_run("g2tr")
    run.folder.metrics_file.write_text(json.dumps({**run.metrics, "benchmarks": {"questions": 3}}))
    assert collect([tmp_path]).left_out[0].endswith("metrics.json has an unknown form")


@pytest.mark.parametrize("target", ["os.system", "g2tr.nowhere.X", "collections.OrderedDict"])
def test_only_benchmarks_are_taken_for_benchmarks(target: str, make_run: MakeRun) -> None:
    with pytest.raises(InputError, match=f"{target} is no benchmark that is known here"):
        make_run("g2tr", benchmark={"questions": {"_target_": target}}, benchmarks=("questions",))


def test_nothing_to_report_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no complete run in"):
        collect([tmp_path])
    with pytest.raises(InputError, match="nowhere: no such folder"):
        collect([tmp_path / "nowhere"])
