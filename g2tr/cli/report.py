"""`g2tr report`: run folders → tables, figures and one page."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from g2tr import __version__
from g2tr.errors import InputError
from g2tr.evaluation.run_folder import Run
from g2tr.evaluation.trusted_config import headline_of
from g2tr.report.collect import collect
from g2tr.report.figures.all import charts, pictures
from g2tr.report.figures.drawing import styles
from g2tr.report.page import ReportSection, page
from g2tr.report.tables.formats import csv_text, latex, rows_of
from g2tr.report.tables.section import ModelResults, sections
from g2tr.report.tables.table import markdown


def report(cfg: DictConfig) -> Path:
    """Writes the report on `cfg.paths` to `cfg.out`; returns the page."""
    check(cfg)
    console = Console(soft_wrap=True, highlight=False, markup=False)
    collected = collect([Path(path) for path in cfg.paths])
    chapters = chapters_of(collected.runs, cfg.pictures, cfg.assignment)
    out = Path(cfg.out)
    for chapter in chapters:
        write(out, chapter)
        console.print(f"{chapter.title}\n\n{markdown(rows_of(chapter.section))}\n")
    file = out / "report.html"
    left_out = [*collected.left_out, *(reason for chapter in chapters for reason in chapter.left_out)]
    file.write_text(page(chapters, left_out, __version__), encoding="utf-8")
    console.print("\n".join([*(f"Left out {reason}" for reason in left_out), f"Wrote {file}"]))
    return file


def check(cfg: DictConfig) -> None:
    """Raises `InputError` for settings that cannot work."""
    if not OmegaConf.is_list(cfg.paths) or not all(isinstance(path, str) for path in cfg.paths):
        raise InputError(f"paths must be a list of folders, got {cfg.paths!r}")
    if type(cfg.pictures) is not int or cfg.pictures < 0:
        raise InputError(f"pictures must be a whole number of at least 0, got {cfg.pictures!r}")
    if type(cfg.assignment) is not bool:
        raise InputError(f"assignment must be true or false, got {cfg.assignment!r}")


def chapters_of(runs: Sequence[Run], count: int, assignment: bool) -> list[ReportSection]:
    """Sections with their figures; a reducer has one look throughout."""
    nodes = {name: node for run in runs for name, node in run.metrics["benchmark"].items()}
    parts = sections(runs, {name: headline_of(node) for name, node in nodes.items()})
    style = styles(list(dict.fromkeys(line.label for part in parts for line in part.lines)))
    return [
        ReportSection(title, part, list(charts(part, style)), *pictures(part, count, assignment))
        for title, part in zip(titles(parts), parts, strict=True)
    ]


def titles(parts: Sequence[ModelResults]) -> list[str]:
    """The models of sections, numbered where one has several."""
    names = [str(part.model["name"]) for part in parts]
    counts = Counter(names)
    return [f"{name} ({names[:i].count(name) + 1})" if counts[name] > 1 else name for i, name in enumerate(names)]


def write(out: Path, chapter: ReportSection) -> None:
    """The tables and figures of one section as files."""
    stem = "-".join("".join(c if c.isalnum() or c in "_." else " " for c in chapter.title).split())
    rows = rows_of(chapter.section)
    texts = {"md": markdown(rows) + "\n", "csv": csv_text(chapter.section), "tex": latex(rows)}
    try:
        for folder in ("tables", "figures"):
            (out / folder).mkdir(parents=True, exist_ok=True)
        for ending, text in texts.items():
            (out / "tables" / f"{stem}.{ending}").write_text(text, encoding="utf-8")
        for plate in (*chapter.charts, *chapter.pictures):
            (out / "figures" / f"{stem}-{plate.name}.png").write_bytes(plate.light)
    except OSError as error:
        raise InputError(f"cannot write to {out}: {error.strerror}") from None
