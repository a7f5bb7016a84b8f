"""The official rules on judges' scores, worked by hand."""

import pytest

from g2tr.metrics.judgements import (
    imgedit_score,
    kris_percents,
    percent,
    rise_accuracy,
    rise_score,
    viescore,
)

TEMPORAL, LOGICAL = "temporal_reasoning", "logical_reasoning"


def scored(**scores: float) -> dict[str, float]:
    return {name: float(value) for name, value in scores.items()}


def rise(consistency: float | None, reasoning: float, quality: float | None) -> dict[str, float]:
    scores = {"consistency": consistency, "reasoning": reasoning, "quality": quality}
    return scored(**{name: value for name, value in scores.items() if value is not None})


@pytest.mark.parametrize(
    ("category", "scores", "score", "accuracy"),
    [
        (TEMPORAL, rise(5, 5, 5), 5.0, 1.0),
        (TEMPORAL, rise(4, 5, 5), 0.3 * 4 + 0.5 * 5 + 0.2 * 5, 0.0),
        ("spatial_reasoning", rise(2, 3, 4), 0.3 * 2 + 0.5 * 3 + 0.2 * 4, 0.0),
        ("causal_reasoning", rise(None, 5, 5), 5.0, 1.0),
        ("causal_reasoning", rise(None, 4, 5), 0.8 * 4 + 0.2 * 5, 0.0),
        (TEMPORAL, rise(5, 1, 5), (0.3 * 5 + 0.5 + 0.2 * 5) / 2, 0.0),
        (TEMPORAL, rise(1, 1, 1), 1.0, 0.0),
        (LOGICAL, rise(1, 1, None), 5.0, 1.0),
        (LOGICAL, rise(5, 5, None), 5.0, 1.0),
        (LOGICAL, rise(0, 1, None), 0.3 * 1 + 0.7 * 5, 0.0),
        (LOGICAL, rise(1, 0, None), (0.3 * 5 + 0.7 * 1) / 2, 0.0),
        (LOGICAL, rise(0, 0, None), 1.0, 0.0),
    ],
)
def test_risebench_weighs_halves_and_counts_what_is_perfect(
    category: str, scores: dict[str, float], score: float, accuracy: float
) -> None:
    assert rise_score(category, scores) == pytest.approx(score)
    assert rise_accuracy(category, scores) == accuracy


def test_one_to_five_is_nought_to_a_hundred() -> None:
    assert [percent(float(score)) for score in range(1, 6)] == [0, 25, 50, 75, 100]


def test_kris_takes_every_aspect_alike_and_knowledge_where_there_is_one() -> None:
    assert kris_percents(scored(consistency=5, quality=3, instruction=1)) == [100, 50, 0]
    assert kris_percents(scored(instruction=1, knowledge=4, quality=3, consistency=5)) == [100, 50, 0, 75]


@pytest.mark.parametrize(
    ("semantics", "quality", "expected"),
    [
        ((9.0, 4.0), (9.0, 10.0), (4, 9, 6)),
        ((0.0, 10.0), (8.0, 8.0), (0, 8, 0)),
        ((10.0, 10.0), (10.0, 10.0), (10, 10, 10)),
    ],
)
def test_viescore_is_as_good_as_the_worse_of_each(
    semantics: tuple[float, ...], quality: tuple[float, ...], expected: tuple[float, ...]
) -> None:
    assert tuple(viescore(semantics, quality).values()) == pytest.approx(expected)


def test_imgedit_is_the_mean_of_three_to_two_decimals() -> None:
    assert imgedit_score(scored(compliance=1, seamlessness=4, fidelity=5)) == 3.33
