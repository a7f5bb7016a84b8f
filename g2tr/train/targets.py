"""What the trained model should reach, beside what it does."""

from collections.abc import Mapping

from g2tr.report.table import markdown
from g2tr.train.exam import Result

ACCURACY, SUCCESS, DECIBELS, MEGABYTES = 0.98, 0.85, 35.0, 16.0


def targets(result: Result, megabytes: float) -> str:
    """A Markdown table, one row for each category of questions, type of edits, and the files."""
    rows = [
        *shares("questions", result.accuracy, ACCURACY),
        *shares("edits", result.success, SUCCESS),
        row("autoencoder", f"at least {DECIBELS:g} dB", f"{result.decibels:.2f} dB", result.decibels >= DECIBELS),
        row("all files", f"at most {MEGABYTES:g} MB", f"{megabytes:.2f} MB", megabytes <= MEGABYTES),
    ]
    return markdown(rows)


def shares(kind: str, values: Mapping[str, float], wanted: float) -> list[dict[str, str]]:
    """One row for each category."""
    return [
        row(f"{kind}: {name}", f"at least {100 * wanted:g} %", f"{100 * value:.1f} %", value >= wanted)
        for name, value in sorted(values.items())
    ]


def row(what: str, target: str, obtained: str, met: bool) -> dict[str, str]:
    """One row of the table."""
    return {"what": what, "target": target, "obtained": obtained, "met": "yes" if met else "no"}
