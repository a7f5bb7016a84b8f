"""The published benchmarks from end to end on the embedded model, and their scores from predictions alone."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import DictConfig

from g2tr.__main__ import main
from g2tr.benchmarks.mmbench import MMBench
from g2tr.benchmarks.mme import MME
from g2tr.benchmarks.mmvp import MMVP
from g2tr.benchmarks.pope import POPE
from g2tr.benchmarks.realworldqa import RealWorldQA
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.benchmarks.understanding import Understanding
from g2tr.cli.score import rescore
from g2tr.errors import InputError
from g2tr.evaluation.evaluate import evaluate
from g2tr.evaluation.record import read_records
from g2tr.evaluation.run_folder import Run

Compose = Callable[..., DictConfig]
DATA = Path(__file__).parents[1] / "data/questions"
NAMES = ("mme", "mmbench", "mmvp", "realworldqa", "pope")
FORMS = {
    "hub": {name: "" for name in NAMES},
    "official": {"mme": "official", "mmvp": "original", "realworldqa": "jsonl", "pope": "official"},
    "tsv": {"mme": "MME.tsv", "mmbench": "mmbench_dev_20230712.tsv", "mmvp": "MMVP.tsv", "pope": "POPE.tsv"},
}


def settings(form: str) -> tuple[str, ...]:
    """Benchmarks on our own few rows in one of the published forms."""
    paths = FORMS[form]
    local = (f"benchmark.{name}.dataset.path={DATA / name / path}" for name, path in paths.items())
    return (f"benchmark=[{','.join(paths)}]", *local)


@pytest.fixture(scope="module")
def runs(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    return evaluate(compose(*settings("hub"), f"outputs={tmp_path_factory.mktemp('outputs')}"))


@pytest.fixture
def outputs(runs: list[Run], tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(runs[0].folder.path.parent, tmp_path / "outputs")


@pytest.fixture
def score(compose: Compose) -> Callable[..., Any]:
    return lambda *overrides: rescore(compose(*overrides, config_name="score"))


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*.json*")
        if ".locks" not in path.parts
    }


def test_the_benchmarks_of_the_hub_go_from_file_to_metrics(runs: list[Run]) -> None:
    for run in runs:
        measured = run.metrics["benchmarks"]
        assert {name: measured[name]["n"] for name in NAMES} == dict(zip(NAMES, (6, 5, 4, 3, 6), strict=True))
        assert {"total", "acc+/count"} <= set(measured["mme"]["scores"])
        assert {"circular", "vanilla"} <= set(measured["mmbench"]["scores"])
        assert {"pair_accuracy", "accuracy"} <= set(measured["mmvp"]["scores"])
        assert all({"empty", "unparsed"} <= set(result["scores"]) for result in measured.values())
    records = read_records(runs[0].folder.path / "predictions.jsonl")
    assert all(record.cluster for record in records) and records[0].facts["cluster_size"] == 2


@pytest.mark.parametrize("form", ["official", "tsv"])
def test_every_other_published_form_goes_from_file_to_metrics(form: str, compose: Compose, tmp_path: Path) -> None:
    (run,) = evaluate(compose(*settings(form), "reducer=none", f"outputs={tmp_path}"))
    assert all(result["n"] and result["scores"] for result in run.metrics["benchmarks"].values())


def test_scoring_again_changes_no_byte(
    outputs: Path, score: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(outputs)
    score(f"paths=[{outputs}]")
    assert contents(outputs) == before
    shown = capsys.readouterr().out
    assert all(f"{name}\n\n| run" in shown for name in NAMES) and "| protocol" in shown


def test_edited_answers_change_scores_grades_and_what_is_relative_and_nothing_else(
    outputs: Path, score: Callable[..., Any]
) -> None:
    for file in outputs.glob("*/predictions.jsonl"):
        rows = [json.loads(line) for line in file.read_text().splitlines()]
        for row in rows:
            wrong = "-g2tr-" in str(file) and row["id"] == "count:count/0001.png:1"
            row["prediction"] = "?" if wrong else row["target"]
        file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    before = {file.parent: json.loads(file.read_text()) for file in outputs.glob("*/metrics.json")}
    score(f"paths=[{outputs}]")
    for folder, old in before.items():
        new = json.loads((folder / "metrics.json").read_text())
        scores = {name: result["scores"] for name, result in new["benchmarks"].items()}
        reduced = "-g2tr-" in folder.name
        assert (scores["mme"]["total"], scores["mmbench"]["circular"]) == (450 if reduced else 600, 1.0)
        assert (scores["mmvp"]["pair_accuracy"], scores["realworldqa"]["accuracy"], scores["pope"]["f1"]) == (1, 1, 1)
        assert new["benchmarks"]["mme"].get("relative", {}).get("total") == (0.75 if reduced else None)
        assert {key: value for key, value in new.items() if key != "benchmarks"} == {
            key: value for key, value in old.items() if key != "benchmarks"
        }
        assert read_records(folder / "predictions.jsonl")[0].score["accuracy"] == (0.0 if reduced else 1.0)


def test_changed_scores_need_the_unreduced_run_beside_them(outputs: Path, score: Callable[..., Any]) -> None:
    (folder,) = outputs.glob("*-g2tr-*")
    text = (folder / "predictions.jsonl").read_text()
    rows = [{**json.loads(line), "prediction": json.loads(line)["target"]} for line in text.splitlines()]
    (folder / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = contents(outputs)
    with pytest.raises(InputError, match="give the run without reduction as well"):
        score(f"paths=[{folder}]")
    assert contents(outputs) == before


def test_another_protocol_reads_the_same_answers_and_stores_nothing_unless_asked(
    compose: Compose, tmp_path: Path, score: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    choice = ("benchmark=pope", f"benchmark.pope.dataset.path={DATA / 'pope'}", "reducer=none", f"outputs={tmp_path}")
    (run,) = evaluate(compose(*choice))
    file = run.folder.path / "predictions.jsonl"
    rows = [
        {**json.loads(line), "prediction": json.loads(line)["target"].title() + "."}
        for line in file.read_text().splitlines()
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    before = contents(tmp_path)
    bagel, lmms = score(f"paths=[{tmp_path}]", "protocol=[bagel,lmms_eval]")
    assert (bagel.results["pope"]["scores"]["f1"], lmms.results["pope"]["scores"]["f1"]) == (1.0, 0.0)
    assert contents(tmp_path) == before
    assert [line.split("|")[2].strip() for line in capsys.readouterr().out.splitlines()[-2:]] == ["bagel", "lmms_eval"]
    score(f"paths=[{tmp_path}]", "protocol=lmms_eval", "write=true")
    stored = json.loads(run.folder.metrics_file.read_text())["benchmarks"]["pope"]
    assert (stored["scores"]["accuracy"], stored["protocol"]) == (0.0, "lmms_eval")
    score(f"paths=[{tmp_path}]")
    assert "protocol" not in json.loads(run.folder.metrics_file.read_text())["benchmarks"]["pope"]


def external_benchmarks(benchmark: Understanding, answers: list[str], path: Path) -> str:
    """A file of predictions as another program may leave it."""
    fields = ("id", "target", "category", "cluster", "facts")
    rows = [{name: getattr(sample, name) for name in fields} for sample in benchmark.samples()]
    lines = (json.dumps(row | {"prediction": text}) for row, text in zip(rows, answers, strict=True))
    path.write_text("\n".join(lines))
    return str(path)


@pytest.mark.parametrize(
    ("name", "benchmark", "path", "answers", "scores"),
    [
        (
            "mme",
            MME,
            "official",
            ["Yes", "No.", "Yes", "yes", "", "None"],
            {"acc/count": 100, "acc+/count": 100, "acc/color": 50, "acc+/color": 0, "total": 250, "empty": 1},
        ),
        ("mmbench", MMBench, "", ["A", "C", "B. circle", "A", "A"], {"circular": 0.5, "vanilla": 1.0, "empty": 0}),
        ("mmvp", MMVP, "original", ["A", "B", "", "A"], {"pair_accuracy": 0.5, "accuracy": 0.75, "empty": 1}),
        ("realworldqa", RealWorldQA, "data", ["b", "0", "downhill."], {"accuracy": 2 / 3, "unparsed": 1}),
        (
            "pope",
            POPE,
            "data",
            ["Yes.", "No", "Yes", "Yes", "no", "no"],
            {"f1/random": 1.0, "f1/popular": 2 / 3, "f1/adversarial": 0.0, "f1": 5 / 9, "accuracy": 2 / 3},
        ),
    ],
)
def test_hand_worked_scores_come_from_a_file_of_predictions_alone(
    name: str,
    benchmark: Callable[[Dataset], Understanding],
    path: str,
    answers: list[str],
    scores: dict[str, float],
    tmp_path: Path,
    score: Callable[..., Any],
) -> None:
    file = external_benchmarks(benchmark(Dataset(str(DATA / name / path))), answers, tmp_path / "answers.jsonl")
    (done,) = score(f"paths=[{file}]", f"benchmark={name}")
    measured = done.results[name]["scores"]
    assert {key: measured[key] for key in scores} == pytest.approx(scores)


def test_the_command_takes_paths_by_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = external_benchmarks(
        MMVP(Dataset(str(DATA / "mmvp/original"))), ["A", "B", "B", "B"], tmp_path / "answers.jsonl"
    )
    monkeypatch.setattr(sys, "argv", ["g2tr", "score", path, "benchmark=mmvp"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "| answers.jsonl | bagel " in capfd.readouterr().out


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("paths=[]",), "name run folders"),
        (("paths=[x]", "write=maybe"), "write must be true, false or null"),
        (("paths=[x]", "protocol=[bagel,lmms_eval]", "write=true"), "name one protocol"),
        (("paths=[/nowhere]",), "/nowhere: no such folder"),
        (("paths=[FILE]", "benchmark=mmvp", "protocol=gpt"), "MMVP has no protocol 'gpt'"),
        (("paths=[FILE]", "benchmark=scenes_questions", "protocol=bagel"), "scenes_questions knows no protocols"),
        (("paths=[FILE]", "benchmark=mmbench"), "does not carry facts.options"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(
    overrides: tuple[str, ...], message: str, tmp_path: Path, score: Callable[..., Any]
) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "1", "prediction": "A", "target": "A"}')
    with pytest.raises(InputError, match=message):
        score(*(override.replace("FILE", str(tmp_path / "x.jsonl")) for override in overrides))


def test_settings_of_a_run_build_nothing_but_benchmarks(outputs: Path, score: Callable[..., Any]) -> None:
    (folder,) = outputs.glob("*-none-*")
    config = (folder / "config.yaml").read_text()
    for old, new, message in (
        ("g2tr.benchmarks.Dataset", "subprocess.Popen", "may not build subprocess.Popen"),
        ("g2tr.benchmarks.MME", "os.system", "may not build os.system"),
    ):
        (folder / "config.yaml").write_text(config.replace(old, new))
        with pytest.raises(InputError, match=message):
            score(f"paths=[{folder}]")
