from collections.abc import Callable
from dataclasses import replace

from g2tr.report.figures.all import charts, pictures
from g2tr.report.figures.drawing import styles
from g2tr.report.tables.section import ModelResults

MakeSection = Callable[[], ModelResults]


def test_a_section_has_a_trade_off_and_a_curve_per_benchmark(make_section: MakeSection) -> None:
    plates = list(charts(make_section(), styles(["none", "g2tr", "random"])))
    assert [plate.name for plate in plates] == ["pareto", "curves-questions", "curves-edits"]
    assert all(plate.light != plate.dark for plate in plates)


def test_pictures_are_left_out_where_samples_cannot_be_read(
    make_section: MakeSection,
) -> None:
    section = make_section()
    moved = {**section.benchmarks["questions"], "path": "/nowhere"}
    plates, left_out = pictures(
        replace(section, benchmarks={**section.benchmarks, "questions": moved}), 1, assignment=False
    )
    assert left_out == ["pictures of questions: /nowhere/understanding.parquet: no such file"]
    assert [plate.name for plate in plates] == ["kept-edits", "edits-edits"]
    assert plates[0].alt.startswith("Kept tokens on edits: ")
