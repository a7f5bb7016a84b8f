from collections.abc import Callable

from g2tr.evaluation.run_folder import Run
from g2tr.report.figures.curves import curves
from g2tr.report.figures.drawing import LIGHT, png, styles
from g2tr.report.tables.section import ModelResults, sections
from tests.report.conftest import HEADLINES


def test_a_curve_goes_through_the_scores_of_all_keep_ratios(make_section: Callable[[], ModelResults]) -> None:
    figure = curves(make_section(), "questions", styles(["none", "g2tr", "random"]), LIGHT)
    assert figure is not None
    drawn = [list(zip(*line.get_data(), strict=True)) for line in figure.axes[0].lines]
    assert [[(float(x), round(float(y))) for x, y in line] for line in drawn if len(line) == 2][1] == [
        (0.5, 70),
        (0.25, 50),
    ]
    assert figure.axes[0].get_ylabel() == "accuracy, %"
    assert png(figure, LIGHT)


def test_one_keep_ratio_is_no_curve(make_run: Callable[..., Run]) -> None:
    (section,) = sections([make_run("none", 1.0), make_run("g2tr")], HEADLINES)
    assert curves(section, "questions", styles(["none", "g2tr"]), LIGHT) is None
