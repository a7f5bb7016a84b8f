"""A section as a table: cells for readers in Markdown and LaTeX, plain numbers in CSV."""

import csv
import io
from collections.abc import Sequence

from g2tr.evaluation.scoring import PHASES
from g2tr.report.tables.line import MeanStd, ResultRow
from g2tr.report.tables.paired import Difference
from g2tr.report.tables.section import BASELINES, ModelResults
from g2tr.report.tables.table import Row, bytes_cell, digits_of, flops_cell, scale_of

LATEX = str.maketrans({c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}"})
SYMBOLS = str.maketrans({"×": r"$\times$", "±": r"$\pm$", "–": "--", "^": r"\^{}"})
RELATIVE = "rel. avg"


def spread_cell(spread: MeanStd | None, scale: float, digits: int) -> str:
    """A mean, and ± its deviation where there are several seeds."""
    if spread is None:
        return ""
    text = f"{scale * spread.mean:.{digits}f}"
    return f"{text} ± {scale * spread.deviation:.{digits}f}" if len(spread.values) > 1 else text


def score_names(section: ModelResults) -> list[tuple[str, str, str]]:
    """Benchmark, score and column of every headline score that was measured."""
    pairs = [(name, score) for name, scores in section.headlines.items() for score in scores]
    measured = [pair for pair in pairs if any(line.score(*pair) for line in section.lines)]
    return [(name, score, f"{name} {score}" + (" %" if scale_of(score) > 1 else "")) for name, score in measured]


def cell(value: float | None, form: str = "{:.2f}x") -> str:
    """A number that may be missing."""
    return "" if value is None else form.format(value)


def row_of(line: ResultRow, section: ModelResults) -> Row:
    """One line for readers."""
    row = {"reducer": line.label, "keep": f"{line.keep:g}"}
    for benchmark, score, column in score_names(section):
        scale, digits = scale_of(score), digits_of(score)
        row[column] = spread_cell(line.score(benchmark, score), scale, digits)
        for rival in BASELINES:
            if apart := section.differences[line.key].get((benchmark, score, rival)):
                row[f"{benchmark} vs {rival}"] = apart.text(scale, digits)
    flops, kv, ratio = line.mean("cost", "prefill_flops"), line.mean("cost", "kv_bytes"), line.mean("tokens", "ratio")
    return row | {
        RELATIVE: spread_cell(line.relative, 100.0, 1),
        "avg tokens": cell(None if ratio is None else 100 * ratio, "{:.1f} %"),
        "prefill FLOPs": "" if flops is None else f"{flops_cell(flops)} ({cell(line.saving('prefill_flops'))})",
        "KV cache": "" if kv is None else f"{bytes_cell(kv)} ({cell(line.saving('kv_bytes'))})",
        "seeds": str(len(line.seeds)),
        "stages": line.stages,
    }


def rows_of(section: ModelResults) -> list[Row]:
    """All lines for readers with the same columns; how many seeds only where it is not one throughout."""
    cells = [row_of(line, section) for line in section.lines]
    names = dict.fromkeys(name for row in sorted(cells, key=len, reverse=True) for name in row)
    rows = [{name: row.get(name, "") for name in names} for row in cells]
    if all(row["seeds"] == "1" for row in rows):
        return [{name: text for name, text in row.items() if name != "seeds"} for row in rows]
    return rows


def best_columns(line: ResultRow, section: ModelResults) -> set[str]:
    """Columns of scores in which a line is the best of several at its keep ratio."""
    rivals = [other for other in section.lines if other.keep == line.keep and other is not line]
    columns = {
        column: [other.score(name, score) for other in (line, *rivals)] for name, score, column in score_names(section)
    }
    columns[RELATIVE] = [other.relative for other in (line, *rivals)]
    return {
        column
        for column, (mine, *others) in columns.items()
        if mine
        and mine.mean > min((other.mean for other in others if other), default=mine.mean)
        and all(mine.mean >= other.mean for other in others if other)
    }


def numbers_of(line: ResultRow, section: ModelResults) -> dict[str, str | float | int | None]:
    """One line for programs: plain numbers, shares as fractions of 1."""
    numbers: dict[str, str | float | int | None] = {
        "reducer": line.label,
        "stages": line.stages,
        "keep_ratio": line.keep,
        "seeds": len(line.seeds),
    }
    spreads = {f"{name}/{score}": line.score(name, score) for name, score, _ in score_names(section)}
    for column, spread in (spreads | {"relative": line.relative}).items():
        numbers[column] = None if spread is None else spread.mean
        numbers[f"{column}_std"] = None if spread is None else spread.deviation
    for name, score, _ in score_names(section):
        for rival in BASELINES:
            numbers |= apart_numbers(
                f"{name}/{score}_vs_{rival}", section.differences[line.key].get((name, score, rival))
            )
    return (
        numbers
        | {
            "tokens_ratio": line.mean("tokens", "ratio"),
            "prefill_flops": line.mean("cost", "prefill_flops"),
            "prefill_speedup_flops": line.saving("prefill_flops"),
            "kv_bytes": line.mean("cost", "kv_bytes"),
            "kv_ratio": line.saving("kv_bytes"),
            "vit_flops": line.mean("cost", "vit_flops"),
            "anchor_flops": line.mean("cost", "anchor_flops"),
            "evidence_flops": line.mean("cost", "evidence_flops"),
        }
        | {f"seconds_{phase}": line.mean("seconds", phase) for phase in PHASES}
    )


def apart_numbers(stem: str, apart: Difference | None) -> dict[str, float | None]:
    """A difference, its interval and its p-value."""
    values = (apart.mean, apart.low, apart.high, apart.p) if apart else (None,) * 4
    return dict(zip((stem, f"{stem}_low", f"{stem}_high", f"{stem}_p"), values, strict=True))


def csv_text(section: ModelResults) -> str:
    """Comma-separated values with a header."""
    lines = [numbers_of(line, section) for line in section.lines]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def latex(rows: Sequence[Row]) -> str:
    """A booktabs tabular; a rule wherever the keep ratio changes."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    lines = [r"\begin{tabular}{l" + "r" * (len(names) - 2) + "l}", r"\toprule", latex_line(names), r"\midrule"]
    for i, row in enumerate(rows):
        if i and row["keep"] != rows[i - 1]["keep"]:
            lines.append(r"\midrule")
        lines.append(latex_line([row[name] for name in names]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def latex_line(cells: Sequence[str]) -> str:
    """One line of a tabular, its special characters escaped."""
    return " & ".join(text.translate(LATEX).translate(SYMBOLS) for text in cells) + r" \\"
