"""Whether g2tr scores as the toolkits do: `python -m experiments.scorers.agree` writes the table of README.md.

With `--peers FOLDER` (checkouts under the names of their repositories) their own code is run and recorded first.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.scorers.corpus import Case, corpus
from experiments.scorers.ours import RULES

HERE = Path(__file__).parent
RECORDED = HERE / "recorded.json"
BEGIN, END = "<!-- begin -->\n", "<!-- end -->\n"
SOURCES = {
    "lmms_eval": "lmms-eval 75571cf",
    "vlmevalkit": "VLMEvalKit e8e78f0",
    "risebench": "RISEBench 5f22651",
    "imgedit": "BAGEL 056b5fd",
    "kris": "BAGEL 056b5fd",
}


@dataclass(frozen=True)
class Agreement:
    """What a rule makes of its cases, here and there."""

    rule: str
    cases: Sequence[Case]
    ours: Sequence[Any]
    theirs: Sequence[Any]

    @property
    def different(self) -> list[tuple[list[Any], Any, Any]]:
        """Arguments, ours and theirs, where they differ; an empty text and none are the same."""
        rows = zip(self.cases, self.ours, self.theirs, strict=True)
        return [(given, here, there) for (given, _), here, there in rows if (here or None) != (there or None)]

    def aggregate(self, values: Sequence[Any]) -> str:
        """Percent right, or the mean score of replies; nothing for texts."""
        golds = [gold for _, gold in self.cases]
        if any(golds):
            return f"{100 * sum(v == gold for v, gold in zip(values, golds, strict=True)) / len(golds):.2f} %"
        numbers = [value for value in values if isinstance(value, int | float)]
        return f"{sum(numbers) / len(numbers):.3f}" if numbers else ""

    @property
    def cells(self) -> list[str]:
        """One line of the table."""
        benchmark, protocol = self.rule.split()
        source = SOURCES.get(protocol) or SOURCES[benchmark]
        counts = [str(len(self.cases)), str(len(self.cases) - len(self.different))]
        return [benchmark, protocol, source, *counts, self.aggregate(self.ours), self.aggregate(self.theirs)]


def agreements(theirs: Mapping[str, Sequence[Any]]) -> list[Agreement]:
    """Every rule with values of a toolkit."""
    known = {rule: cases for rule, cases in corpus().items() if rule in theirs}
    return [
        Agreement(rule, cases, [RULES[rule](*given) for given, _ in cases], theirs[rule])
        for rule, cases in known.items()
    ]


def recorded() -> dict[str, list[Any]]:
    """What the toolkits' own code made of the corpus."""
    values: dict[str, list[Any]] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return values


def run_peers(folder: Path) -> dict[str, list[Any]]:
    """The same by the checkouts in a folder, in a process of their own."""
    given = {rule: [arguments for arguments, _ in cases] for rule, cases in corpus().items()}
    command = [sys.executable, str(HERE / "peers.py"), str(folder)]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    values: dict[str, list[Any]] = json.loads(done.stdout)
    return values


def table(rows: Sequence[Agreement]) -> str:
    """Markdown."""
    head = ["benchmark", "protocol", "source", "items", "equal", "aggregate, ours", "aggregate, theirs"]
    lines = [head, ["---"] * len(head), *(row.cells for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main() -> None:
    """Records where peers are given, and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, default=None)
    folder = parser.parse_args().peers
    if folder is not None:
        values = {**(recorded() if RECORDED.is_file() else {}), **run_peers(folder)}
        lines = ",\n".join(f"{json.dumps(rule)}: {json.dumps(values[rule], ensure_ascii=False)}" for rule in values)
        RECORDED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    page = HERE / "README.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    page.write_text(before + BEGIN + table(agreements(recorded())) + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main()
