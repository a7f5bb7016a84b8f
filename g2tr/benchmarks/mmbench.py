"""MMBench: single choice, every question asked once for each rotation of its options."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.dataset import Columns, Entry
from g2tr.benchmarks.toolkits import LETTER, OPTIONS, Question, Rules, choice, options_of, template
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
from g2tr.metrics.choices import bagel, lmms_eval_mmbench, lmms_eval_static, vlmevalkit, vlmevalkit_2025
from g2tr.metrics.ratios import Share

ROLL = 1_000_000
COLUMNS: Columns = {"index": ("index",), "question": ("question",), "answer": ("answer",), "A": ("A",), "B": ("B",)}
OPTIONAL: Columns = {**OPTIONS, "hint": ("hint",), "category": ("category",)}


def lmms_eval_prompt(question: Question) -> str:
    """Hint, question and an announcement in one line, the options, a blank line, the wish for a letter."""
    hint = f"{question.hint} " if question.hint else ""
    return f"{hint}{question.text} There are several options:\n{question.lines}\n\n{LETTER}"


@dataclass(frozen=True)
class MMBench(Understanding):
    """CircularEval: a question is a hit only if it is answered rightly with its options in every rotation.

    Rotations have the same `index % 1e6`; the denominator is the rows with an index below 1e6 (benchmarks.md §3).
    `vanilla` is the mean over those rows alone, and higher. Answers are read without a judge, as in lmms-eval's
    `mmbench_en_dev_static` (release 0.7.3, commit 75571cf; `lmms_eval_0_5` is its first stage alone, as before) and
    VLMEvalKit's `exact_matching` (commit e8e78f0; `vlmevalkit_2025` as before); what cannot be read is wrong. Official
    numbers come from a judge or the evaluation server and may differ. VLMEvalKit leaves the length of answers to the
    model.
    """

    headline: ClassVar[tuple[str, ...]] = ("circular", "vanilla")
    protocols: ClassVar[Mapping[str, Rules]] = {
        "bagel": Rules(choice, 100, bagel),
        "lmms_eval": Rules(lmms_eval_prompt, 1024, lmms_eval_static),
        "lmms_eval_0_5": Rules(lmms_eval_prompt, 1024, lmms_eval_mmbench),
        "vlmevalkit": Rules(template, 128, vlmevalkit),
        "vlmevalkit_2025": Rules(template, 128, vlmevalkit_2025),
    }

    def load(self) -> Iterable[Sample]:
        return sized(self.sample(entry) for entry in self.dataset.entries(self.dataset.place(), COLUMNS, OPTIONAL))

    def sample(self, entry: Entry) -> Sample:
        """One rotation of a question; all rotations are one cluster."""
        options, answer = options_of(entry), entry["answer"].strip()
        if not re.fullmatch(r"[0-9]{1,9}(\.0+)?", entry["index"]):
            raise InputError(f"{entry.place}: index must be a whole number, got {entry['index']!r}")
        if answer not in options:
            raise InputError(f"{entry.place}: answer must be one of {', '.join(options)}, got {answer!r}")
        index = int(float(entry["index"]))
        prompt = self.rules.prompt(Question(entry["question"], options, entry.texts.get("hint", "")))
        facts = {"index": index, "options": options}
        category = entry.texts.get("category", "")
        return Sample(str(index), (entry.image,), prompt, answer, category, facts=facts, cluster=str(index % ROLL))

    def read(self, answer: str, sample: Sample) -> str | None:
        return self.rules.read(answer, fact(sample, "options"))

    def summarise(self, graded: Graded) -> dict[str, float]:
        hits, categories = clusters_right(graded), {sample.cluster: sample.category for sample, _ in graded}
        scores = {"circular": sum(hits.values()) / len(hits)}
        scores["vanilla"] = mean([pair for pair in graded if fact(pair[0], "index") < ROLL], "accuracy")
        for category in sorted(set(categories.values()) - {""}):
            members = [hit for cluster, hit in hits.items() if categories[cluster] == category]
            scores[f"circular/{category}"] = sum(members) / len(members)
        return scores | counts(graded)

    @staticmethod
    def shares(graded: Graded, protocol: str) -> list[Share]:
        return cluster_shares(graded)
