"""Turns `results.json` into the tables of README.md, between its markers: `python -m experiments.gpu.show`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from g2tr.report.tables.table import markdown

HERE = Path(__file__).parent
BEGIN, END = "<!-- results -->", "<!-- end of results -->"
COLUMNS = {
    "ms": ("ms", "{:.2f}"),
    "tflops": ("TFLOPs", "{:.3g}"),
    "faster": ("faster", "{:.2f}x"),
    "counted": ("by FLOPs", "{:.2f}x"),
    "peak_gib": ("peak, GiB", "{:.1f}"),
}
STAGES = {"prefill": "prefill", "reduce": "reduce", "first token": "to the first token"}
Stored = Mapping[str, Any]


def tables(results: Stored) -> str:
    """Where it was measured, every row, the goals, and what failed."""
    versions = results["versions"]
    place = f"{results['device']}, driver {results['driver']}, {results['date']}, {results['dtype']}"
    code = f"torch {versions['torch']}, transformers {versions['transformers']}, commit {results['commit']}"
    failed = [f"- {row['what']}: {row['error']}" for row in results["rows"] if "error" in row]
    parts = [f"{place}, {results['shapes']} shapes; {code}.", table(results), goals(results), "\n".join(failed)]
    return "\n\n".join(part for part in parts if part)


def table(results: Stored) -> str:
    """A line for each measurement that is not of a reducer, and a line for each reducer at each ratio."""
    made = {row["what"]: row for row in results["rows"] if "ms" in row}
    plans = [what.removeprefix("prefill, ") for what in made if what.startswith("prefill, ") and what.endswith(" %")]
    shown = {f"{stage}, {plan}" for stage in STAGES for plan in plans}
    single = [{"what": what, **cells(row)} for what, row in made.items() if what not in shown]
    reducers = [plan_line(plan, made) for plan in plans]
    return "\n\n".join(markdown(lines) for lines in (single, reducers) if lines)


def plan_line(plan: str, made: Mapping[str, Stored]) -> dict[str, str]:
    """One reducer at one ratio: milliseconds, in brackets how many times faster, measured and by FLOPs."""
    line = {"reducer, tokens": plan}
    for stage, title in STAGES.items():
        row = made.get(f"{stage}, {plan}")
        line[title] = f"{row['ms']:.2f}" if row else ""
        if row and "counted" in row:
            line[title] += f" ({row['faster']:.2f}x, {row['counted']:.2f}x)"
        if row and "share_percent" in row:
            line[title] += f" ({row['share_percent']:.2f} % of prefill)"
    return line


def cells(row: Stored) -> dict[str, str]:
    """The numbers of a row as they are shown."""
    return {title: form.format(row[key]) if key in row else "" for key, (title, form) in COLUMNS.items()}


def goals(results: Stored) -> str:
    """What was aimed at, and what was obtained."""
    rows = {row["what"]: row for row in results["rows"] if "ms" in row}
    half = {
        name: row for name, row in rows.items() if name.startswith("prefill") and "50 %" in name and "faster" in row
    }
    plain = half.get("prefill, random, 50 %")
    said = [f"- Prefill with half the tokens at least 1.9 times faster: {plain['faster']:.2f}."] if plain else []
    heavy = [
        f"{name.split(', ')[1]} {row['share_percent']:.1f} %"
        for name, row in rows.items()
        if name.startswith("reduce") and "50 %" in name and row.get("share_percent", 0) > 1
    ]
    if plain:
        said.append(
            f"- A reducer at most 1 % of its prefill at 50 %: {'all' if not heavy else 'not ' + ', '.join(heavy)}."
        )
    ends = [row for name, row in rows.items() if name.startswith(("first token", "step")) and "off_percent" in row]
    far = [f"{row['what']} {row['off_percent']:+.0f} %" for row in ends if abs(row["off_percent"]) > 10]
    if ends:
        close = f"{len(ends) - len(far)} of {len(ends)}"
        said.append(f"- From the image on and per step within 10 % of the counted ratios: {close}; {', '.join(far)}.")
    return "\n".join(said)


def filled(text: str, results: Stored) -> str:
    """A README with its tables between the markers."""
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    return f"{before}{BEGIN}\n{tables(results)}\n{END}{after}"


if __name__ == "__main__":
    readme = HERE / "README.md"
    stored = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    readme.write_text(filled(readme.read_text(encoding="utf-8"), stored), encoding="utf-8")
