import csv
import io
from collections.abc import Callable

import pytest

from g2tr.report.tables.formats import best_columns, csv_text, latex, rows_of
from g2tr.report.tables.section import ModelResults

MakeSection = Callable[[], ModelResults]


def test_a_line_for_readers_has_scores_cost_and_stages(make_section: MakeSection) -> None:
    row = rows_of(make_section())[2]
    assert row["reducer"] == "random" and row["seeds"] == "2"
    assert row["questions accuracy %"] == "50.0 ± 14.1"
    assert row["edits psnr"] == "0.50 ± 0.14"
    assert row["rel. avg"] == "62.5 ± 17.7"
    assert row["prefill FLOPs"] == "0.50 G (2.00x)" and row["avg tokens"] == "50.0 %"
    assert row["stages"] == "random × x × x"


def test_a_file_for_programs_has_plain_numbers(make_section: MakeSection) -> None:
    lines = list(csv.DictReader(io.StringIO(csv_text(make_section()))))
    assert [line["reducer"] for line in lines] == ["none", "g2tr", "random", "g2tr", "random"]
    assert float(lines[2]["questions/accuracy"]) == pytest.approx(0.5)
    assert float(lines[2]["questions/accuracy_std"]) == pytest.approx(0.02**0.5)
    assert float(lines[3]["prefill_speedup_flops"]) == 4.0


def test_latex_is_escaped_and_ruled_where_the_keep_ratio_changes() -> None:
    text = latex(
        [{"reducer": "a_b", "keep": "0.5", "stages": "x × y"}, {"reducer": "50 %", "keep": "1", "stages": "–"}]
    )
    assert r"a\_b & 0.5 & x $\times$ y \\" in text
    assert r"50 \% & 1 & -- \\" in text
    assert text.count(r"\midrule") == 2


def test_the_best_of_a_keep_ratio_stands_out_unless_all_are_equal(make_section: MakeSection) -> None:
    none, g2tr, random, *_ = (section := make_section()).lines
    assert "rel. avg" in best_columns(g2tr, section)
    assert best_columns(random, section) == best_columns(none, section) == set()
