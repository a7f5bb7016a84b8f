from collections.abc import Callable

from g2tr.evaluation.run_folder import Run
from g2tr.report.figures.drawing import LIGHT, png, styles
from g2tr.report.figures.pareto import front, pareto
from g2tr.report.tables.section import ModelResults, sections
from tests.report.conftest import HEADLINES


def test_the_front_holds_what_nothing_beats() -> None:
    assert front([(1.0, 100.0), (2.0, 90.0), (1.5, 80.0), (2.0, 85.0), (3.0, 90.0)]) == [(1.0, 100.0), (3.0, 90.0)]


def test_every_reducer_is_named_once(make_section: Callable[[], ModelResults]) -> None:
    figure = pareto(make_section(), styles(["none", "g2tr", "random"]), LIGHT)
    assert figure is not None
    texts = filter(None, (text.get_text() for text in figure.axes[0].texts))
    assert sorted(texts) == ["0.25", "0.5", "g2tr", "none", "random"]
    assert png(figure, LIGHT)


def test_one_point_is_no_trade_off(make_run: Callable[..., Run]) -> None:
    (section,) = sections([make_run("none", 1.0)], HEADLINES)
    assert pareto(section, styles(["none"]), LIGHT) is None
