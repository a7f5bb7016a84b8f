import json
from collections.abc import Callable

import pytest

from g2tr.benchmarks.mme import MME
from g2tr.benchmarks.mmvp import MMVP
from g2tr.benchmarks.pope import POPE
from g2tr.benchmarks.sample import Grades, Sample
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.evaluation.run_folder import Run
from g2tr.metrics.ratios import Share, total
from g2tr.report.tables.paired import Difference, Scored, difference, mean_shares, scored
from g2tr.report.tables.section import ModelResults
from tests.benchmarks.conftest import SCORES

MakeRun = Callable[..., Run]
MakeSection = Callable[[], ModelResults]
Graded = list[tuple[Sample, Grades]]


def means(graded: Graded) -> list[Share]:
    return mean_shares(graded, "accuracy")


def line(*values: float, clusters: str = "") -> list[Scored]:
    names = clusters or "abcdefghijklmnopqrstuvwxyz"
    graded = {
        str(i): (Sample(str(i), (), "", None, "", cluster=names[i]), {"accuracy": float(value)})
        for i, value in enumerate(values)
    }
    return [Scored(graded, means)]


def yes_no(size: int, categories: list[str]) -> Graded:
    """Answers of pairs that are right or wrong, said or unclear, in no simple order."""
    found = []
    for i in range(size):
        target, right = "yes" if i % 2 else "no", float(i * i % 7 < 4)
        said = target if right else {"yes": "no", "no": "yes"}[target]
        sample = Sample(str(i), (), "", target, categories[i // 2 % len(categories)], cluster=f"c{i // 2}")
        unclear = float(not right and i % 5 == 0)
        grades = {"accuracy": right, "yes": float(said == "yes" and not unclear), "empty": 0.0, "unparsed": unclear}
        found.append((Sample(**{**vars(sample), "facts": {"cluster_size": 2}}), grades))
    return found


def test_several_runs_count_as_their_mean(make_run: MakeRun) -> None:
    seeds = [make_run("random", score=0.25, seed=0), make_run("random", score=0.5, seed=1)]
    apart = difference(
        scored(seeds, "questions", "accuracy"), scored([make_run("none", 1.0, 1.0)], "questions", "accuracy")
    )
    assert apart is not None and apart.mean == pytest.approx(0.375 - 1) and apart.p is None


def test_a_score_that_is_no_grade_and_says_no_rule_has_no_difference(make_run: MakeRun) -> None:
    runs = scored([make_run("g2tr", score=0.5)], "questions", "circular")
    assert difference(runs, runs) is None


def test_the_difference_of_pairs_is_the_difference_of_pairs() -> None:
    (case,) = json.loads((SCORES / "pair_difference.json").read_text(encoding="utf-8"))["cases"]
    own, other = (
        [
            Scored(
                {
                    str(i): (
                        Sample(str(i), (), "", None, "", facts={"cluster_size": 2}, cluster=row["cluster"]),
                        {"accuracy": float(row[name])},
                    )
                    for i, row in enumerate(case["rows"])
                },
                lambda graded: MMVP.shares(graded, "bagel"),
            )
        ]
        for name in ("reduced", "none")
    )
    apart = difference(own, other)
    assert apart is not None and apart.mean == pytest.approx(case["expected"]["difference"])
    assert apart.low is not None and apart.high is not None and apart.low < apart.mean < apart.high < 0
    assert apart.p is not None and apart.p < 0.05 and apart.is_loss


@pytest.mark.parametrize("protocol", ["bagel", "lmms_eval", "vlmevalkit"])
def test_shares_of_yes_and_no_make_up_the_first_headline(protocol: str) -> None:
    graded = yes_no(120, ["random", "popular", "random, adversarial"])
    expected = POPE(Dataset("nowhere"), protocol).summarise(graded)["f1"]
    assert total(POPE.shares(graded, protocol)) == pytest.approx(expected)


def test_shares_of_categories_make_up_the_total_of_mme() -> None:
    graded = yes_no(120, ["count", "OCR", "code_reasoning"])
    assert total(MME.shares(graded, "bagel")) == pytest.approx(MME(Dataset("nowhere")).summarise(graded)["total"])


def test_a_difference_of_harmonic_means_has_an_interval_and_no_sign_test() -> None:
    def run(flipped: int) -> list[Scored]:
        graded = {sample.id: (sample, grades) for sample, grades in yes_no(120, ["random"])}
        for name in map(str, range(flipped)):
            sample, grades = graded[name]
            graded[name] = sample, {**grades, "yes": 1.0 - grades["yes"]}
        return [Scored(graded, lambda members: POPE.shares(members, "bagel"))]

    apart = difference(run(40), run(0))
    assert apart is not None and apart.p is None and apart.low is not None and apart.low < apart.mean


def test_a_difference_is_taken_over_the_samples_that_both_have() -> None:
    (other,) = line(0, 1, 1, 1)
    less = [Scored({name: graded for name, graded in other.graded.items() if name != "2"}, other.rule)]
    apart = difference(line(1, 1, 0, 1), less)
    assert apart is not None and apart.mean == pytest.approx(1 / 3)
    assert difference(line(1), [Scored({}, means)]) is None


def test_equal_runs_lie_within_noise_and_opposite_ones_do_not() -> None:
    same, far = difference(line(*[1, 0] * 6), line(*[1, 0] * 6)), difference(line(*[1] * 12), line(*[0] * 12))
    assert same is not None and same.is_noise and same.p == 1.0
    assert far is not None and not far.is_noise and far.p == pytest.approx(2 / 2**12)


def test_samples_of_one_cluster_do_not_count_as_many() -> None:
    values, zeros = [1] * 6 + [0] * 16, [0] * 22
    together = "aaaaaabcdefghijklmnopq"
    apart = [difference(line(*values, clusters=c), line(*zeros)) for c in ("", together)]
    assert [each.is_noise for each in apart if each] == [False, True]


def test_fewer_than_ten_clusters_have_no_interval() -> None:
    nine, ten = (difference(line(*[1] * n), line(*[0] * n)) for n in (9, 10))
    assert nine is not None and (nine.low, nine.high) == (None, None) and nine.text(100.0, 1) == "+100.0 [–]"
    assert ten is not None and (ten.low, ten.high) == (1.0, 1.0)


def test_a_difference_says_where_it_is_noise() -> None:
    assert Difference(-0.4, -0.45, -0.35, 0.001).text(100.0, 1) == "-40.0 [-45.0, -35.0]"
    assert Difference(0.01, -0.02, 0.03, None).text(1.0, 2) == "+0.01 (noise)"


def test_a_loss_is_shown_by_p_or_else_by_the_interval() -> None:
    assert Difference(-0.4, -0.8, 0.1, 0.01).is_loss and not Difference(-0.4, -0.8, -0.1, 0.06).is_loss
    assert Difference(-0.4, -0.8, -0.1, None).is_loss and not Difference(-0.4, None, None, None).is_loss
    assert not Difference(0.4, 0.1, 0.8, 0.01).is_loss


def test_only_grades_of_zero_and_one_have_a_p_value() -> None:
    apart = difference(line(0.5, 0.5), line(0.0, 1.0))
    assert apart is not None and apart.p is None


def test_lines_are_compared_with_no_reduction_and_with_the_released_composition(make_section: MakeSection) -> None:
    section = make_section()
    none, reduced = section.lines[0], section.lines[1]
    assert section.differences[none.key] == {}
    apart = section.differences[reduced.key]["questions", "accuracy", "none"]
    assert apart.mean == pytest.approx((round(0.7 * 12) - round(0.8 * 12)) / 12)
