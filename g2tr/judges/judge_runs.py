"""A run is judged: every inquiry about every edit, its reply as a line, and the benchmark's official numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from PIL import Image
from tqdm import tqdm

from g2tr.benchmarks.judge_questions import JudgedBenchmark, JudgeQuestion
from g2tr.benchmarks.sample import Sample
from g2tr.errors import InputError
from g2tr.evaluation.record import Record
from g2tr.evaluation.run_folder import RunFolder
from g2tr.judges.judge import Judge, JudgeFailure, Question
from g2tr.judges.parse_scores import read_scores
from g2tr.judges.prompts import Prompts

OUTCOMES = ("scored", "refused", "unparsable", "failed")


@dataclass(frozen=True)
class JudgeScore:
    """One line of a judged run: what the judge made of one inquiry, who it was, and what it was told.

    `outcome` is `scored`, `refused` (it would not answer), `unparsable` (its answer lacks the scores) or `failed`
    (no reply, or an image that cannot be read); only the first has scores.
    """

    id: str
    benchmark: str
    inquiry: str
    outcome: str
    judge: Mapping[str, Any]
    prompt_hash: str
    scorer: str
    scores: Mapping[str, float] = field(default_factory=dict)
    answer: str = ""
    reason: str = ""


@dataclass(frozen=True)
class JudgedSample:
    """An edit before the judge."""

    sample: Sample
    record: Record
    folder: RunFolder

    def pictures(self, inquiry: JudgeQuestion) -> list[Image.Image]:
        """What the judge is shown. Raises `InputError` for an image that cannot be read."""
        return inquiry.pictures(self.sample, self.folder.load_image(str(self.record.prediction)))


@dataclass(frozen=True)
class JudgeRunner:
    """A judge, what it is told, and how many questions it is asked at once."""

    judge: Judge
    prompts: Prompts
    workers: int = 8
    progress: bool = True

    def judge_run(
        self, folder: RunFolder, name: str, records: Sequence[Record], benchmark: JudgedBenchmark
    ) -> tuple[list[JudgeScore], dict[str, Any]]:
        """All judgements of one benchmark of a run, in the order of its records, and what they add up to."""
        own = [record for record in records if record.benchmark == name]
        cases = samples_of(folder, own, benchmark)
        rows = self.judge_cases(cases, benchmark)
        judged = [(case.sample, merged(row)) for case, row in zip(cases, rows, strict=True) if is_whole(row)]
        unread = [case.sample for case, row in zip(cases, rows, strict=True) if not is_whole(row)]
        judgements = [judgement for row in rows for judgement in row]
        outcomes = Counter(judgement.outcome for judgement in judgements)
        return judgements, {
            "n": len(judged),
            "scores": benchmark.conclude(judged, unread) if judged else {},
            "scorer": benchmark.scorer,
            "unjudged": len(unread),
            "unpredicted": len(own) - len(cases),
            "inquiries": {outcome: outcomes[outcome] for outcome in OUTCOMES},
        }

    def judge_cases(self, cases: Sequence[JudgedSample], benchmark: JudgedBenchmark) -> list[list[JudgeScore]]:
        """The judgements of each edit, several edits at a time; an interruption leaves nothing waiting."""
        pool = ThreadPoolExecutor(self.workers)
        try:
            rows = pool.map(
                lambda case: [self.ask(case, i, benchmark) for i in benchmark.inquiries(case.sample)], cases
            )
            return list(tqdm(rows, "judging", len(cases), disable=not self.progress))
        finally:
            pool.shutdown(cancel_futures=True)

    def ask(self, case: JudgedSample, inquiry: JudgeQuestion, benchmark: JudgedBenchmark) -> JudgeScore:
        """One inquiry about one edit."""
        return JudgeScore(
            case.record.id,
            case.record.benchmark,
            inquiry.name,
            judge=self.judge.identity,
            prompt_hash=self.prompts.hash(inquiry.name, *dict.fromkeys(label.name for label in inquiry.labels)),
            scorer=benchmark.scorer,
            **self.reply(case, inquiry, benchmark),
        )

    def question(self, case: JudgedSample, inquiry: JudgeQuestion, benchmark: JudgedBenchmark) -> Question:
        """The prompt, then the pictures, each after its label where it has one. Raises `InputError` as they do."""
        pictures = case.pictures(inquiry)
        parts: list[str | Image.Image] = [self.prompts.fill(inquiry.name, inquiry.words)]
        for picture, label in zip_longest(pictures, inquiry.labels):
            parts += [self.prompts.fill(label.name, {"number": str(label.number)})] if label else []
            parts.append(picture)
        return Question(parts, benchmark.judge_max_side, benchmark.judge_max_tokens)

    def reply(self, case: JudgedSample, inquiry: JudgeQuestion, benchmark: JudgedBenchmark) -> dict[str, Any]:
        """Outcome, scores, answer and reason of an inquiry."""
        try:
            question = self.question(case, inquiry, benchmark)
        except InputError as error:
            return {"outcome": "failed", "reason": str(error)}
        try:
            reply = self.judge(question)
        except JudgeFailure as error:
            return {"outcome": "failed", "reason": " ".join(str(error).split())}
        if reply.refused:
            return {"outcome": "refused", "answer": reply.text, "reason": reply.refused}
        scores = read_scores(reply.text, inquiry.scores, inquiry.low, inquiry.high)
        if scores is None:
            return {"outcome": "unparsable", "answer": reply.text, "reason": f"no {', '.join(inquiry.scores)}"}
        return {"outcome": "scored", "answer": reply.text, "scores": scores}


def samples_of(folder: RunFolder, records: Sequence[Record], benchmark: JudgedBenchmark) -> list[JudgedSample]:
    """The edits that were made. Raises `InputError` where the data are not those of the run."""
    samples = {sample.id: sample for sample in benchmark.samples()}
    if missing := next((record.id for record in records if record.id not in samples), None):
        raise InputError(f"the data have no sample {missing}; judge with the data of the run")
    return [JudgedSample(samples[record.id], record, folder) for record in records if record.prediction is not None]


def is_whole(judgements: Sequence[JudgeScore]) -> bool:
    """Whether every inquiry about an edit was answered with its scores."""
    return all(judgement.outcome == "scored" for judgement in judgements)


def merged(judgements: Sequence[JudgeScore]) -> dict[str, float]:
    """All scores of one edit."""
    return {name: value for judgement in judgements for name, value in judgement.scores.items()}
