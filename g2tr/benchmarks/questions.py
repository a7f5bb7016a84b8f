"""One's own questions about images, from a table in any common form, scored by a metric of choice."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from PIL import Image

from g2tr.benchmarks.sample import Grades, Sample, limited
from g2tr.benchmarks.sources.dataset import Columns, Dataset
from g2tr.benchmarks.sources.own_rows import Chosen, OwnRow, OwnTable, options_of
from g2tr.benchmarks.toolkits import LETTER, SINGLE, Question
from g2tr.benchmarks.understanding import Graded, by_category, clusters_right, counts, fact, mean, sized
from g2tr.errors import InputError
from g2tr.metrics.choices import vlmevalkit
from g2tr.metrics.open_answers import AGREEING, METRICS
from g2tr.metrics.reasoning import is_cut, without_reasoning

NEEDED: Columns = {
    "question": ("question", "query", "prompt"),
    "answer": ("answer", "answers", "label", "labels", "multiple_choice_answer"),
}
OPTIONAL: Columns = {
    "id": ("id", "question_id", "questionId", "index"),
    "options": ("options", "choices"),
    "category": ("category",),
    "cluster": ("cluster",),
}
CHOICE = "choice"
KNOWN = (*METRICS, CHOICE)


@dataclass(frozen=True)
class Questions:
    """Questions of the table at `path` (see `OwnTable`); `accuracy` is the mean of `metric` over them.

    `metric`: exact, contains, anls, relaxed or vqa (`g2tr.metrics.open_answers`), or choice: the letter of an option
    that VLMEvalKit's rule reads from the answer. `template` makes the prompt out of {question}, {options} (one a line)
    and any other column; without one, the question and the wish for a single word, or for a letter. Blocks of
    reasoning are not scored. Where rows name a `cluster`, `cluster_accuracy` counts those that are right in full.
    """

    path: str | None = None
    images: str | None = None
    columns: Chosen = field(default_factory=dict)
    metric: str = "exact"
    template: str | None = None
    max_tokens: int = 64
    split: str | None = None
    config: str | None = None
    revision: str | None = None
    limit: int | None = None
    task: ClassVar[str] = "answer"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)

    def __post_init__(self) -> None:
        if self.metric not in KNOWN:
            raise InputError(f"metric must be one of {', '.join(KNOWN)}, got {self.metric!r}")

    def samples(self) -> Sequence[Sample]:
        if self.path is None:
            raise InputError("name your table: benchmark.questions.path=FILE, a folder, or a hub id")
        dataset = Dataset(self.path, self.revision, self.config, self.split)
        rows = OwnTable(dataset, self.images, self.columns).rows(NEEDED, OPTIONAL)
        samples = [self.sample(row, number) for number, row in enumerate(rows)]
        require_ids(samples)
        if any(sample.cluster for sample in samples):
            samples = sized(replace(sample, cluster=sample.cluster or sample.id) for sample in samples)
        return limited(samples, self.limit)

    def sample(self, row: OwnRow, number: int) -> Sample:
        """One question. Raises `InputError` where it has no answer, or with `choice` none of its options."""
        options, answers = options_of(row), row.texts("answer")
        if not answers:
            raise InputError(f"{row.place}: the answer is empty")
        if self.metric == "vqa" and len(answers) <= AGREEING:
            raise InputError(f"{row.place}: metric=vqa compares with several people's answers, got {len(answers)}")
        if self.metric == CHOICE:
            answers = [letter_of(row, answers[0], options)]
        prompt = fill(self.template or default_template(options, self.metric), row, options)
        facts = {"answers": answers} | ({"options": options} if options else {})
        name, category, cluster = (row.text(column) for column in ("id", "category", "cluster"))
        return Sample(name or f"{number:05}", row.images(), prompt, answers[0], category, facts=facts, cluster=cluster)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        answer = without_reasoning(str(prediction))
        cut = {"cut": 1.0} if is_cut(str(prediction)) else {}
        said = self.read(answer, sample) if answer.strip() else None
        right = 0.0 if said is None else self.score(said, fact(sample, "answers"))
        unparsed = float(bool(answer.strip()) and said is None)
        return {"accuracy": right, "empty": float(not answer.strip()), "unparsed": unparsed, **cut}

    def read(self, answer: str, sample: Sample) -> str | None:
        """What is scored of an answer: with `choice` a letter, else all of it."""
        return vlmevalkit(answer, fact(sample, "options")) if self.metric == CHOICE else answer

    def score(self, said: str, answers: Sequence[str]) -> float:
        """The metric; a letter is right or wrong."""
        return float(said == answers[0]) if self.metric == CHOICE else METRICS[self.metric](said, answers)

    def summarise(self, graded: Graded) -> dict[str, float]:
        scores = {"accuracy": mean(graded, "accuracy")}
        clustered = [pair for pair in graded if "cluster_size" in pair[0].facts]
        if clustered:
            hits = clusters_right(clustered)
            scores["cluster_accuracy"] = sum(hits.values()) / len(hits)
        named = {category: own for category, own in by_category(graded).items() if category}
        scores |= {f"accuracy/{category}": mean(own, "accuracy") for category, own in named.items()}
        return scores | counts(graded)


def default_template(options: Mapping[str, str], metric: str) -> str:
    """How a question is asked where nobody says otherwise."""
    lines = "{question}\n{options}" if options else "{question}"
    return f"{lines}\n{LETTER if metric == CHOICE else SINGLE}"


def fill(template: str, row: OwnRow, options: Mapping[str, str]) -> str:
    """The template with its words. Raises `InputError` for one that the row does not have."""
    words = row.words() | {"question": row.needed("question"), "options": Question("", options).lines}

    def word(found: re.Match[str]) -> str:
        if found[1] not in words:
            raise InputError(f"{row.place}: template has {found[0]}, but there are {', '.join(words)}")
        return words[found[1]]

    return re.sub(r"\{(\w+)\}", word, template)


def letter_of(row: OwnRow, answer: str, options: Mapping[str, str]) -> str:
    """The letter of the right option, which is given as a letter, as the option's text, or as its number from 0."""
    numbers = {str(number): letter for number, letter in enumerate(options)}
    letters = {letter: letter for letter in (*options, *map(str.lower, options))}
    texts = {text.strip(): letter for letter, text in options.items()}
    forms = (numbers,) if isinstance(row.values("answer")[0], int) else (letters, texts, numbers)
    found = next((form[answer] for form in forms if answer in form), None)
    if found is None:
        given = ", ".join(options.values()) or "no options"
        raise InputError(f"{row.place}: metric=choice wants an answer among the options, got {answer!r} of {given}")
    return found.upper() if found not in options else found


def require_ids(samples: Sequence[Sample]) -> None:
    """Raises `InputError` where two rows have one id."""
    name, count = Counter(sample.id for sample in samples).most_common(1)[0] if samples else ("", 1)
    if count > 1:
        other = "columns.id=NAME takes another column, columns.id= numbers them"
        raise InputError(f"{count} rows have the id {name!r}: {other}")
