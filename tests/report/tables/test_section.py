from collections.abc import Callable

from g2tr.evaluation.run_folder import Run
from g2tr.report.tables.section import ModelResults, sections
from tests.report.conftest import HEADLINES, NODES

MakeRun = Callable[..., Run]


def test_seeds_share_a_line_and_lines_go_by_keep_ratio_and_score(make_section: Callable[[], ModelResults]) -> None:
    section = make_section()
    assert [(line.label, line.keep, line.seeds) for line in section.lines] == [
        ("none", 1.0, [0]),
        ("g2tr", 0.5, [0]),
        ("random", 0.5, [0, 1]),
        ("g2tr", 0.25, [0]),
        ("random", 0.25, [0, 1]),
    ]
    assert section.reference is section.lines[0]


def test_only_what_was_measured_alike_stands_together(make_run: MakeRun) -> None:
    runs = [
        make_run("none", 1.0),
        make_run("g2tr", benchmarks=("edits",)),
        make_run("g2tr", model={"name": "other"}),
        make_run("g2tr", 0.25, benchmark={name: {**NODES[name], "limit": 99} for name in HEADLINES}),
    ]
    parts = sections(runs, HEADLINES)
    assert [[line.label for line in part.lines] for part in parts] == [["none", "g2tr"], ["g2tr"], ["g2tr"]]


def test_falling_below_random_by_more_than_chance_is_said(make_run: MakeRun) -> None:
    def said(score: float) -> list[str]:
        runs = [make_run("none", 1.0, 1.0), make_run("random", 0.5, 0.9), make_run("g2tr", 0.5, score)]
        return sections(runs, HEADLINES)[0].findings()

    assert said(0.8) == []
    assert len(said(0.1)) == 1 and said(0.1)[0].startswith("Finding: g2tr at 0.5 scores below random")
