from collections.abc import Callable

import pytest

from g2tr.evaluate import Run
from g2tr.report.paired import Difference, Grade, difference, grades_of
from g2tr.report.section import Section

MakeRun = Callable[..., Run]
MakeSection = Callable[[], Section]


def grades(*values: float, clusters: str = "") -> dict[str, Grade]:
    names = clusters or "abcdefghijklmnopqrstuvwxyz"
    return {str(i): Grade(float(value), names[i]) for i, value in enumerate(values)}


def test_grades_are_means_over_seeds(make_run: MakeRun) -> None:
    runs = [make_run("random", score=0.25, seed=0), make_run("random", score=0.5, seed=1)]
    values = [grade.value for grade in grades_of(runs, "questions", "accuracy").values()]
    assert values == [1.0] * 3 + [0.5] * 3 + [0.0] * 6


def test_a_score_of_clusters_is_compared_by_the_accuracy_of_samples(make_run: MakeRun) -> None:
    run = make_run("g2tr", score=0.5)
    assert grades_of([run], "questions", "circular") == grades_of([run], "questions", "accuracy") != {}


def test_a_difference_is_taken_over_the_samples_that_both_have() -> None:
    apart = difference(grades(1, 1, 0, 1), {name: grade for name, grade in grades(0, 1, 1, 1).items() if name != "2"})
    assert apart is not None and apart.mean == pytest.approx(1 / 3)
    assert difference(grades(1), {"z": Grade(1.0, "z")}) is None


def test_equal_runs_lie_within_noise_and_opposite_ones_do_not() -> None:
    same, far = difference(grades(*[1, 0] * 6), grades(*[1, 0] * 6)), difference(grades(*[1] * 12), grades(*[0] * 12))
    assert same is not None and same.is_noise and same.p == 1.0
    assert far is not None and not far.is_noise and far.p == pytest.approx(2 / 2**12)


def test_samples_of_one_cluster_do_not_count_as_many() -> None:
    values, zeros = [1] * 6 + [0] * 2, [0] * 8
    alone, together = (difference(grades(*values, clusters=c), grades(*zeros)) for c in ("abcdefgh", "aaaaaabb"))
    assert alone is not None and not alone.is_noise
    assert together is not None and together.is_noise


def test_a_difference_says_where_it_is_noise() -> None:
    assert Difference(-0.4, -0.45, -0.35, 0.001).text(100.0, 1) == "-40.0 [-45.0, -35.0]"
    assert Difference(0.01, -0.02, 0.03, None).text(1.0, 2) == "+0.01 (noise)"


def test_only_grades_of_zero_and_one_have_a_p_value() -> None:
    apart = difference(grades(0.5, 0.5), grades(0.0, 1.0))
    assert apart is not None and apart.p is None


def test_lines_are_compared_with_no_reduction_and_with_the_released_composition(make_section: MakeSection) -> None:
    section = make_section()
    none, reduced = section.lines[0], section.lines[1]
    assert section.differences[none.key] == {}
    apart = section.differences[reduced.key]["questions", "accuracy", "none"]
    assert apart.mean == pytest.approx((round(0.7 * 12) - round(0.8 * 12)) / 12)
