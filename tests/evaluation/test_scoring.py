from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

from g2tr.benchmarks.sample import Grades, Sample
from g2tr.errors import InputError
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import RunFolder
from g2tr.evaluation.scoring import (
    account,
    grade_record,
    relative,
    score_benchmark,
    score_run,
    shared_relative,
    total_seconds,
)
from tests.metrics.test_cost import COST

TOKENS = {"full": 4, "kept": 2.0, "per_layer": [2], "kv_per_layer": [2]}


@dataclass(frozen=True)
class Answers:
    """Answers that are right or wrong."""

    task: ClassVar[str] = "answer"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)
    max_tokens: int = 4

    def samples(self) -> Sequence[Sample]:
        return [Sample(name, (), "?", "yes", "color") for name in "ab"]

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        return {"accuracy": float(prediction == sample.target), "empty": float(not prediction)}

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]:
        return {"accuracy": sum(grades["accuracy"] for _, grades in graded) / len(graded)}


@dataclass(frozen=True)
class Edits(Answers):
    """Edits that succeed where they are red; a blue one cannot be compared."""

    task: ClassVar[str] = "edit"
    headline: ClassVar[tuple[str, ...]] = ("success",)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        assert isinstance(prediction, Image.Image)
        if prediction.getpixel((0, 0)) == (0, 0, 255):
            raise InputError("no target")
        return {"success": float(prediction.getpixel((0, 0)) == (255, 0, 0))}

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]:
        return {"success": sum(grades["success"] for _, grades in graded) / len(graded)}


def record(name: str, prediction: str | None = "yes", error: str | None = None, **more: Any) -> Record:
    return Record(name, "x", "color", "?", prediction, "yes", 0, error, **more)


SAMPLES = Answers().samples()


def folder_of(path: Path, color: str) -> tuple[RunFolder, str]:
    """A run folder with one edit of a color."""
    folder = RunFolder(path / color)
    folder.prepare({}, fresh=False)
    return folder, folder.save_image("a", Image.new("RGB", (16, 16), color))


def test_ratios_leave_out_what_the_unreduced_model_failed_on() -> None:
    own = [record(name, score={"accuracy": 1.0}) for name in "ab"]
    failed = replace(own[1], prediction=None, error="out of memory", score={"accuracy": 0.0})
    theirs = {each.key: each for each in (own[0], failed)}
    assert shared_relative(Answers(), SAMPLES, own, theirs) == {"accuracy": 1.0}


def test_ratios_are_of_scores_over_the_samples_that_both_have_graded() -> None:
    own = [record("a", score={"accuracy": 0.5}), record("b")]
    theirs = {each.key: each for each in (record("a", score={"accuracy": 1.0}), record("b", score={"accuracy": 0.0}))}
    assert shared_relative(Answers(), SAMPLES, own, theirs) == {"accuracy": 0.5}
    assert shared_relative(Answers(), SAMPLES[1:], own[1:], theirs) == {}


def test_a_score_without_a_reference_above_nought_has_no_ratio() -> None:
    assert relative({"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 2.0, "b": 0.0}) == {"a": 0.5}


def test_a_failed_sample_is_wrong_and_not_empty(tmp_path: Path) -> None:
    place = (SAMPLES[0], Answers(), RunFolder(tmp_path), None)
    assert grade_record(record("a"), *place).score == {"accuracy": 1.0, "empty": 0.0}
    assert grade_record(record("a", None, "out of memory"), *place).score == {"accuracy": 0.0, "empty": 0.0}
    assert grade_record(record("a", ""), *place).score == {"accuracy": 0.0, "empty": 1.0}
    assert grade_record(record("a", None), *place).score == {}


def test_an_edit_that_was_not_made_did_not_succeed(tmp_path: Path) -> None:
    failed = record("a", None, "out of memory")
    assert grade_record(failed, SAMPLES[0], Edits(), RunFolder(tmp_path), None).score == {"success": 0.0}


def test_an_edit_is_compared_with_that_of_the_unreduced_model_where_there_is_one(tmp_path: Path) -> None:
    (red, place), (black, _) = (folder_of(tmp_path, color) for color in ("red", "black"))
    alone = grade_record(record("a", place), SAMPLES[0], Edits(), red, None)
    assert alone.score == {"success": 1.0}
    assert grade_record(record("a", place), SAMPLES[0], Edits(), red, RunFolder(tmp_path / "none")).score == alone.score
    same, other = (grade_record(record("a", place), SAMPLES[0], Edits(), red, folder).score for folder in (red, black))
    assert same == {"success": 1.0, "agreement_psnr": 100.0, "agreement_ssim": pytest.approx(1.0)}
    assert other["agreement_psnr"] < 10


def test_an_edit_without_a_readable_target_has_no_grades_and_says_why(tmp_path: Path) -> None:
    blue, place = folder_of(tmp_path, "blue")
    graded = grade_record(record("a", place), SAMPLES[0], Edits(), blue, None)
    assert (graded.score, graded.error) == ({}, "no target")


def test_all_samples_count_and_those_with_an_error_beside_them() -> None:
    records = [
        record("a", score={"accuracy": 1.0}, seconds={"prefill": 3.0}, cost=COST, visual_tokens=TOKENS),
        record("b", None, "out of memory", score={"accuracy": 0.0}),
    ]
    found = score_benchmark(Answers(), SAMPLES, records)
    assert (found["n"], found["failed"], found["scores"]) == (2, 1, {"accuracy": 0.5})
    assert found["seconds"] == {"prefill": 1.5}
    assert (found["tokens"]["ratio"], found["cost"]["vit_flops"]) == (0.5, 60)
    assert score_benchmark(Answers(), SAMPLES, [record("a"), record("b")])["scores"] == {}


@pytest.mark.parametrize(("made", "agreeing", "mean"), [("ab", "ab", 15.0), ("a", "a", 10.0), ("ab", "a", None)])
def test_agreement_is_a_mean_over_all_edits_that_were_made(made: str, agreeing: str, mean: float | None) -> None:
    psnr = {"a": 10.0, "b": 20.0}
    records = [
        record(
            name,
            "images/x" if name in made else None,
            score={"success": 1.0} | ({"agreement_psnr": psnr[name]} if name in agreeing else {}),
        )
        for name in "ab"
    ]
    assert score_benchmark(Edits(), SAMPLES, records)["scores"].get("agreement_psnr") == mean


def test_without_cost_there_is_no_account_and_without_time_no_phase() -> None:
    assert account([record("a")]) == {}
    assert total_seconds(
        [record("a", seconds={"decode": 1.0, "other": 9.0}), record("b", seconds={"decode": 2.0})]
    ) == {"decode": 3.0}


def test_a_run_is_scored_in_the_order_of_its_benchmarks_and_beside_its_reference(tmp_path: Path) -> None:
    full = RunFolder(tmp_path)
    full.prepare({}, fresh=False)
    for second, reference, ratio in (("yes", None, None), ("no", full, {"accuracy": 0.5})):
        records = {each.key: each for each in (record("b", second, seconds={"decode": 2.0}), record("a"))}
        graded, metrics = score_run(full, records, {"x": Answers()}, {"x": SAMPLES}, reference)
        full.append("rank0", graded)
        assert [each.id for each in graded] == ["a", "b"] and metrics["seconds"] == {"decode": 2.0}
        assert metrics["benchmarks"]["x"].get("relative") == ratio
