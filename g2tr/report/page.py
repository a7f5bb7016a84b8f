"""One self-contained page: tables and figures of all sections, for screens, phones and paper; no script."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from omegaconf import OmegaConf

from g2tr.report.figures.all import RenderedFigure
from g2tr.report.tables.formats import best_columns, rows_of
from g2tr.report.tables.section import ModelResults

NOTE = (
    "rel. avg is the unweighted mean over benchmarks of each one's first score, in % of the unreduced model's. "
    "Average tokens, FLOPs and KV cache are means over benchmarks, in brackets the saving; "
    "± is the standard deviation over seeds. vs: paired difference of a benchmark's first score, with its 95 % "
    "bootstrap interval over clusters of samples; (noise) where that holds 0. The best of each keep ratio stands out."
)


@dataclass(frozen=True)
class ReportSection:
    """A section with its title and figures, and what it lacks."""

    title: str
    section: ModelResults
    charts: Sequence[RenderedFigure]
    pictures: Sequence[RenderedFigure]
    left_out: Sequence[str] = ()


def page(chapters: Sequence[ReportSection], left_out: Sequence[str], version: str) -> str:
    """The page as HTML."""
    css = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
    runs = sum(len(line.runs) for chapter in chapters for line in chapter.section.lines)
    missing = f"<h3>Left out</h3>{items(left_out)}" if left_out else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>g2tr report</title>\n<style>\n{css}</style>\n</head>\n<body>\n"
        f'<h1>Visual token reduction</h1>\n<p class="facts">{runs} runs, read by g2tr {escape(version)}</p>\n'
        f"{''.join(map(chapter_html, chapters))}{missing}\n</body>\n</html>\n"
    )


def chapter_html(chapter: ReportSection) -> str:
    """One section: facts, table, findings, charts, pictures, runs."""
    section, wide = chapter.section, [figure(plate, wide=True) for plate in chapter.pictures]
    said = section.findings()
    return (
        f"<section>\n<h2>{escape(chapter.title)}</h2>\n{facts(section)}\n"
        f'<div class="scroll">{table(section)}</div>\n<p class="facts">{NOTE}</p>\n'
        f"{'<h3>Findings</h3>' + items(said) if said else ''}\n"
        f'<div class="charts">{"".join(figure(plate, wide=False) for plate in chapter.charts)}</div>\n'
        f"{''.join(wide)}\n{origin(section)}\n</section>\n"
    )


def facts(section: ModelResults) -> str:
    """What was measured on what."""
    counts = {name: result["n"] for line in section.lines for name, result in line.results()}
    seeds = sorted({seed for line in section.lines for seed in line.seeds})
    known: Mapping[str, object] = {
        "samples": ", ".join(f"{name} {count}" for name, count in counts.items()),
        "preprocessing": section.model.get("preprocess"),
        "dtype": section.model.get("dtype"),
        "seeds": ", ".join(map(str, seeds)),
    }
    return (
        f"<dl>{''.join(f'<dt>{key}</dt><dd>{escape(str(value))}</dd>' for key, value in known.items() if value)}</dl>"
    )


def table(section: ModelResults) -> str:
    """The table of a section, a rule wherever the keep ratio changes."""
    rows = rows_of(section)
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = []
    for i, (row, line) in enumerate(zip(rows, section.lines, strict=True)):
        best = best_columns(line, section)
        cells = "".join(f"<td{' class=best' if name in best else ''}>{escape(row[name]) or '–'}</td>" for name in names)
        ruled = i > 0 and section.lines[i - 1].keep != line.keep
        body.append(f"<tr{' class=ruled' if ruled else ''}>{cells}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


def figure(plate: RenderedFigure, wide: bool) -> str:
    """A figure that follows the page's colours; a wide one scrolls on small screens."""
    images = "".join(
        f'<img class="{theme}" src="data:image/png;base64,{b64encode(content).decode()}" '
        f'width="{plate.width}" alt="{escape(plate.alt)}">'
        for theme, content in (("light", plate.light), ("dark", plate.dark))
    )
    inner = f'<div class="scroll">{images}</div>' if wide else images
    start = f'<figure class="{"sheet" if wide else "chart"}"><h3>{escape(plate.title)}</h3>'
    return f"{start}{inner}<figcaption>{escape(plate.caption)}</figcaption></figure>\n"


def origin(section: ModelResults) -> str:
    """The runs behind a section, and their settings."""
    runs = [
        f"{line.label} {line.keep:g}, seed {run.metrics['seed']}: {run.folder.path.name}"
        for line in section.lines
        for run in line.runs
    ]
    settings = OmegaConf.to_yaml({"model": section.model, "benchmark": section.benchmarks})
    return (
        f"<details><summary>{len(runs)} run folders</summary>{items(runs)}</details>"
        f"<details><summary>Settings</summary><pre>{escape(settings)}</pre></details>"
    )


def items(texts: Sequence[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"
