"""RealWorldQA: questions about photographs, answered by a letter, a word or a number."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.dataset import Columns, Entry
from g2tr.benchmarks.toolkits import OPTIONS, Question, Rules, options_of, template, unchanged
from g2tr.benchmarks.understanding import Graded, Understanding, counts, fact, mean
from g2tr.errors import InputError
from g2tr.metrics.choices import leading_letter, lmms_eval_choice, vlmevalkit, vlmevalkit_2025

COLUMNS: Columns = {"question": ("question",), "answer": ("answer",)}
OPTION = re.compile(r"^([A-D])\. +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class RealWorldQA(Understanding):
    """`accuracy`: exact match (benchmarks.md §3).

    lmms_eval asks the question as it is published, with its own wish for the form of the answer. Where the answer
    is a letter from A to D, a letter is extracted as in release 0.7.3 (commit 75571cf; `lmms_eval_0_5`: the leading
    letter or the text of an option, as before); any other answer must be equal, but for case and a full stop.
    vlmevalkit asks and reads its own recast as multiple choice, which only its TSV holds. BAGEL's code does not
    evaluate RealWorldQA, so there is no protocol `bagel`.
    """

    protocol: str = "lmms_eval"
    protocols: ClassVar[Mapping[str, Rules]] = {
        "lmms_eval": Rules(unchanged, 16, lmms_eval_choice),
        "lmms_eval_0_5": Rules(unchanged, 16, leading_letter),
        "vlmevalkit": Rules(template, 128, vlmevalkit),
        "vlmevalkit_2025": Rules(template, 128, vlmevalkit_2025),
    }

    def load(self) -> Iterable[Sample]:
        entries = self.dataset.entries(self.dataset.place(), COLUMNS, OPTIONS)
        return [self.sample(entry, row) for row, entry in enumerate(entries)]

    def sample(self, entry: Entry, row: int) -> Sample:
        """One question; options stand in columns of their own (VLMEvalKit) or in the question."""
        question, recast = entry["question"].strip(), options_of(entry)
        if bool(recast) != self.protocol.startswith("vlmevalkit"):
            wanted = "VLMEvalKit's TSV with columns A, B …" if not recast else "the original, without columns A, B …"
            raise InputError(f"{entry.place}: RealWorldQA with protocol={self.protocol} wants {wanted}")
        options = recast or dict(OPTION.findall(question))
        answer = entry["answer"].strip()
        prompt = self.rules.prompt(Question(question, options))
        return Sample(f"{row:03}", (entry.image,), prompt, answer, kind(answer), facts={"options": options})

    def read(self, answer: str, sample: Sample) -> str | None:
        target = str(sample.target)
        if kind(target) == "letter":
            return self.rules.read(answer, fact(sample, "options"))
        return target if plain(answer) == plain(target) else plain(answer)

    def summarise(self, graded: Graded) -> dict[str, float]:
        return {"accuracy": mean(graded, "accuracy")} | counts(graded)


def kind(answer: str) -> str:
    """What sort of answer is wanted: a letter, a number or a word."""
    if answer in ("A", "B", "C", "D"):
        return "letter"
    return "number" if answer.isdecimal() else "word"


def plain(answer: str) -> str:
    """Lower case, without a full stop at the end."""
    return answer.lower().strip().rstrip(".")
