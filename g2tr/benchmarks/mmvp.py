"""MMVP: 150 pairs of images that CLIP takes for equal, one question about both, with opposite answers."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.dataset import Columns, Entry
from g2tr.benchmarks.sources.dataset import entry as entry_of
from g2tr.benchmarks.sources.delimited import stream_separated
from g2tr.benchmarks.toolkits import OPTIONS, Question, Rules, choice, options_of, template
from g2tr.benchmarks.understanding import (
    Graded,
    Understanding,
    cluster_shares,
    clusters_right,
    counts,
    fact,
    mean,
    sized,
)
from g2tr.errors import InputError
from g2tr.metrics.choices import bagel, lmms_eval_mmvp, vlmevalkit
from g2tr.metrics.ratios import Share

COLUMNS: Columns = {"question": ("Question",), "answer": ("Correct Answer", "answer")}
OPTIONAL: Columns = {**OPTIONS, "choices": ("Options",), "category": ("category",)}
INDEX = ("Index", "lndex")
ROWS = 300
SWAPPED: Mapping[int, str] = {99: "B", 100: "A", 279: "B", 280: "A"}


def split_options(text: str) -> dict[str, str]:
    """ "(a) Open (b) Closed" as letters and texts."""
    _, *parts = re.split(r"\(([a-d])\)", text)
    return {letter.upper(): option.strip() for letter, option in zip(parts[::2], parts[1::2], strict=True)}


@dataclass(frozen=True)
class MMVP(Understanding):
    """`pair_accuracy`: both of two consecutive rows right; `accuracy`: of single rows (benchmarks.md §3).

    With `corrected`, rows 99, 100, 279 and 280 of the full set have their true labels, which the original has
    swapped and lmms-eval corrects (lmms-eval#1018); false gives what BAGEL's script scores on the original. Reads
    the hub's parquet, VLMEvalKit's TSV, JSONL, and the original folder: Questions.csv beside `MMVP Images`.
    VLMEvalKit leaves the length of answers to the model.
    """

    corrected: bool = True
    headline: ClassVar[tuple[str, ...]] = ("pair_accuracy", "accuracy")
    protocols: ClassVar[Mapping[str, Rules]] = {
        "bagel": Rules(choice, 100, bagel),
        "lmms_eval": Rules(choice, 16, lmms_eval_mmvp),
        "vlmevalkit": Rules(template, 128, vlmevalkit),
    }

    def load(self) -> Iterable[Sample]:
        place = self.dataset.place()
        table = place / "Questions.csv"
        entries = list(official(table) if table.is_file() else self.dataset.entries(place, COLUMNS, OPTIONAL))
        if len(entries) % 2:
            raise InputError(f"{place}: MMVP comes in pairs of rows, got {len(entries)} rows")
        swapped = SWAPPED if self.corrected and len(entries) == ROWS else {}
        return sized(self.sample(entry, row, swapped.get(row)) for row, entry in enumerate(entries, 1))

    def sample(self, entry: Entry, row: int, label: str | None) -> Sample:
        """One question; two consecutive rows, counted from 1, are one cluster."""
        options = options_of(entry) or split_options(entry["choices"])
        answer = label or entry["answer"].strip(" ()").upper()
        if answer not in options:
            raise InputError(f"{entry.place}: answer must be one of {', '.join(options)}, got {entry['answer']!r}")
        prompt = self.rules.prompt(Question(entry["question"], options))
        pair, facts = f"pair-{(row + 1) // 2:03}", {"row": row, "options": options}
        category = entry.texts.get("category", "")
        return Sample(f"{row:03}", (entry.image,), prompt, answer, category, facts=facts, cluster=pair)

    def read(self, answer: str, sample: Sample) -> str | None:
        return self.rules.read(answer, fact(sample, "options"))

    def summarise(self, graded: Graded) -> dict[str, float]:
        pairs = clusters_right(graded)
        scores = {"pair_accuracy": sum(pairs.values()) / len(pairs), "accuracy": mean(graded, "accuracy")}
        return scores | counts(graded)

    @staticmethod
    def shares(graded: Graded, protocol: str) -> list[Share]:
        return cluster_shares(graded)


def official(table: Path) -> Iterator[Entry]:
    """Rows of Questions.csv; the index, whose header is published misspelt, names the image."""
    for number, row in enumerate(stream_separated(table), 1):
        index = next((str(row[name]) for name in INDEX if name in row), None)
        if index is None:
            raise InputError(f"{table}: lacks the column {' or '.join(INDEX)}; it has {', '.join(row)}")
        picture = {"image": f"MMVP Images/{index}.jpg"}
        yield entry_of({**row, **picture}, COLUMNS, OPTIONAL, table.parent, f"{table}, row {number}")
