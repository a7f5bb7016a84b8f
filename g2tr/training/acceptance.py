"""What the trained model should reach, beside what it does."""

from collections.abc import Mapping
from statistics import fmean

from g2tr.report.tables.table import markdown
from g2tr.training.validation import Result

ACCURACY, REDUCED, SUCCESS, DECIBELS, MEGABYTES = 0.98, 0.85, 0.6, 35.0, 24.0


def targets(result: Result, megabytes: float) -> str:
    """A Markdown table, one row for each category of questions, type of edits, and the files."""
    rows = [
        *shares("questions", result.accuracy, ACCURACY),
        *shares("questions at half the tokens, random", result.reduced, REDUCED),
        *shares("edits", result.success, SUCCESS),
        row("autoencoder", f"at least {DECIBELS:g} dB", f"{result.decibels:.2f} dB", result.decibels >= DECIBELS),
        row("all files", f"at most {MEGABYTES:g} MB", f"{megabytes:.2f} MB", megabytes <= MEGABYTES),
    ]
    return markdown(rows)


def shares(kind: str, values: Mapping[str, float], wanted: float) -> list[dict[str, str]]:
    """The mean over categories, which has a target, then each category."""
    mean = fmean(values.values())
    return [
        row(kind, f"at least {100 * wanted:g} %", f"{100 * mean:.1f} %", mean >= wanted),
        *({"what": f"{kind}: {name}", "obtained": f"{100 * value:.1f} %"} for name, value in sorted(values.items())),
    ]


def row(what: str, target: str, obtained: str, met: bool) -> dict[str, str]:
    """One row of the table."""
    return {"what": what, "target": target, "obtained": obtained, "met": "yes" if met else "no"}
