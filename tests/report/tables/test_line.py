from collections.abc import Callable

import pytest

from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.line import MeanStd, ResultRow
from tests.report.conftest import HEADLINES

MakeRun = Callable[..., Run]


def test_seeds_fold_into_mean_and_sample_deviation() -> None:
    assert MeanStd((1.0, 2.0, 3.0)).mean == 2.0
    assert MeanStd((1.0, 2.0, 3.0)).deviation == 1.0
    assert MeanStd((5.0,)).deviation == 0.0


def test_the_relative_score_is_the_unweighted_mean_of_first_scores(make_run: MakeRun) -> None:
    run = make_run("g2tr", benchmarks=("questions", "edits"))
    run.metrics["benchmarks"]["questions"]["relative"]["accuracy"] = 0.5
    run.metrics["benchmarks"]["edits"]["relative"] = {"success": 0.9, "psnr": 0.1, "preservation": 0.1}
    relative = ResultRow("g2tr", [run], HEADLINES).relative
    assert relative is not None and relative.mean == pytest.approx(0.7)


def test_benchmarks_may_come_from_runs_of_their_own(make_run: MakeRun) -> None:
    apart = [make_run("g2tr", benchmarks=(name,)) for name in HEADLINES]
    relative = ResultRow("g2tr", apart, HEADLINES).relative
    assert relative is not None and relative.mean == pytest.approx(0.5)


def test_without_all_benchmarks_there_is_no_relative_score(make_run: MakeRun) -> None:
    assert ResultRow("g2tr", [make_run("g2tr", benchmarks=("edits",))], HEADLINES).relative is None


def test_savings_are_ratios_of_means(make_run: MakeRun) -> None:
    line = ResultRow("g2tr", [make_run("g2tr", 0.25)], HEADLINES)
    assert line.saving("prefill_flops") == 4.0
    assert line.mean("tokens", "ratio") == 0.25
    assert line.mean("cost", "unheard_of") is None
