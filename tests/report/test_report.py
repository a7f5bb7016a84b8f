import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from g2tr.__main__ import main, with_paths
from g2tr.evaluation.run_folder import Run

MakeRun = Callable[..., Run]


def exit_of(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | str | None:
    monkeypatch.setattr(sys, "argv", ["g2tr", "report", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def test_folders_become_tables_figures_and_a_page(
    make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, keep in (("none", 1.0), ("g2tr", 0.5), ("g2tr", 0.25)):
        make_run(name, keep)
    make_run("random").folder.metrics_file.unlink()
    out = tmp_path / "with space"
    assert exit_of(monkeypatch, str(tmp_path / "runs"), f"out={out}", "pictures=1") == 0
    said = capfd.readouterr().out
    assert "| g2tr    | 0.25 |" in said and f"Wrote {out / 'report.html'}" in said
    assert "Left out random-0.5-" in said
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.*")) == [
        "figures/tiny-curves-edits.png",
        "figures/tiny-curves-questions.png",
        "figures/tiny-edits-edits.png",
        "figures/tiny-kept-edits.png",
        "figures/tiny-kept-questions.png",
        "figures/tiny-pareto.png",
        "report.html",
        "tables/tiny.csv",
        "tables/tiny.md",
        "tables/tiny.tex",
    ]


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("/nowhere", "/nowhere: no such folder"),
        ("pictures=-1", "pictures must be a whole number of at least 0, got -1"),
        ("paths=here", "paths must be a list of folders, got 'here'"),
    ],
)
def test_bad_input_is_said_in_one_line(
    argument: str, message: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert exit_of(monkeypatch, argument) == 1
    assert capfd.readouterr().err == f"g2tr: {message}\n"


def test_folders_stand_anywhere_among_the_arguments() -> None:
    assert with_paths(["a b", "out=x", "é"]) == ['paths=["a b", "é"]', "out=x"]
    assert with_paths(["--help"]) == ["--help"]
