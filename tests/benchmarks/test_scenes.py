from collections import Counter
from pathlib import Path

import pytest

from g2tr.benchmarks.scenes import SceneEdits, SceneQuestions
from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.errors import InputError
from g2tr.images import ImageSource


def test_the_embedded_questions_are_all_there() -> None:
    samples = SceneQuestions().samples()
    assert len(samples) == len({sample.id for sample in samples}) == 1142
    assert len({sample.group for sample in samples}) == 120
    assert Counter(sample.category for sample in samples)["digit"] == 63


def test_the_embedded_edits_are_all_there_with_the_seeds_of_the_reference_results() -> None:
    samples = SceneEdits().samples()
    assert Counter(Counter(sample.category for sample in samples).values()) == {12: 8}
    assert [sample.seed for sample in samples] == list(range(96))


def test_accuracy_is_the_mean_over_all_questions_and_over_each_category() -> None:
    benchmark = SceneQuestions()
    samples = benchmark.samples()[:3]
    graded = [
        (sample, benchmark.grade(sample, str(sample.target) if i else "wrong")) for i, sample in enumerate(samples)
    ]
    scores = benchmark.summarise(graded)
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores[f"accuracy/{samples[0].category}"] == 0.0


def test_the_target_image_is_a_success_and_the_input_is_none() -> None:
    benchmark = SceneEdits(limit=8)
    for sample in benchmark.samples():
        assert isinstance(sample.target, ImageSource)
        assert benchmark.grade(sample, sample.target.open())["success"] == 1.0
        assert benchmark.grade(sample, sample.images[0].open())["success"] == 0.0


def test_an_edit_without_an_image_cannot_be_graded() -> None:
    benchmark = SceneEdits(limit=1)
    with pytest.raises(InputError, match="edit-000-recolor"):
        benchmark.grade(benchmark.samples()[0], "a text")


def test_a_limit_opens_no_more_rows_than_it_admits(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []

    def opening(cell: object, folder: Path) -> ImageSource:
        opened.append(cell)
        return image_source(cell, folder)

    monkeypatch.setattr("g2tr.benchmarks.scenes.image_source", opening)
    assert len(SceneQuestions(limit=2).samples()) == len(opened) == 2
