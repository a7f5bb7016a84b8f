"""What the published understanding benchmarks share: a data set, a toolkit's rules, and grades of short answers."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from PIL import Image

from g2tr.benchmarks.sample import Grades, Sample, limited
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.benchmarks.toolkits import Rules
from g2tr.errors import InputError
from g2tr.metrics.clusters import all_right
from g2tr.metrics.ratios import Share
from g2tr.metrics.reasoning import is_cut, without_reasoning

Graded = Sequence[tuple[Sample, Grades]]


@dataclass(frozen=True)
class Understanding(ABC):
    """Questions about images under the rules of one toolkit, named by `protocol`.

    A grade says whether an answer is right (`accuracy`), `empty`, or `unparsed`: not empty, but the toolkit reads
    nothing from it, or makes up what it reads. The latter two are counted beside the scores; an empty answer is
    always wrong.
    """

    dataset: Dataset
    protocol: str = "bagel"
    limit: int | None = None
    task: ClassVar[str] = "answer"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)
    protocols: ClassVar[Mapping[str, Rules]]

    def __post_init__(self) -> None:
        if self.protocol not in self.protocols:
            known = ", ".join(self.protocols)
            raise InputError(f"{type(self).__name__} has no protocol {self.protocol!r}; it has {known}")

    @property
    def rules(self) -> Rules:
        return self.protocols[self.protocol]

    @property
    def max_tokens(self) -> int:
        return self.rules.max_tokens

    @abstractmethod
    def load(self) -> Iterable[Sample]:
        """All samples in the order of the data set."""

    @abstractmethod
    def summarise(self, graded: Graded) -> dict[str, float]:
        """The benchmark's scores."""

    def samples(self) -> Sequence[Sample]:
        samples = list(self.load())
        name, count = Counter(sample.id for sample in samples).most_common(1)[0] if samples else ("", 1)
        if count > 1:
            raise InputError(f"{self.dataset.path}: {count} rows are called {name!r}")
        return limited(samples, self.limit)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        answer = self.scored_part(str(prediction))
        cut = {"cut": 1.0} if is_cut(str(prediction)) else {}
        empty = not answer.strip()
        said = None if empty else self.read(answer, sample)
        unparsed = not empty and (said is None or self.is_guess(answer))
        right = said is not None and said == sample.target
        return {"accuracy": float(right), "empty": float(empty), "unparsed": float(unparsed), **cut}

    def scored_part(self, prediction: str) -> str:
        """What the toolkit scores of a prediction: lmms-eval leaves out reasoning, BAGEL and VLMEvalKit do not."""
        return without_reasoning(prediction) if self.protocol.startswith("lmms_eval") else prediction

    def read(self, answer: str, sample: Sample) -> str | None:
        """What the toolkit takes an answer to say."""
        return self.rules.read(answer)

    def is_guess(self, answer: str) -> bool:
        """Whether a toolkit makes up its reading of an answer."""
        return False


def fact(sample: Sample, name: str) -> Any:  # noqa: ANN401 - any JSON
    """A fact that scoring needs. Raises `InputError` where a prediction does not carry it."""
    if name not in sample.facts:
        raise InputError(f"the prediction of {sample.id} does not carry facts.{name}, which its score depends on")
    return sample.facts[name]


def mean(graded: Graded, name: str) -> float:
    """The mean of a grade, 0 of none."""
    return sum(grades[name] for _, grades in graded) / len(graded) if graded else 0.0


def counts(graded: Graded) -> dict[str, float]:
    """How many answers were empty, could not be read, or, where there are any, ended inside of reasoning."""
    found = {name: sum(grades.get(name, 0.0) for _, grades in graded) for name in ("empty", "unparsed", "cut")}
    return {name: value for name, value in found.items() if value or name != "cut"}


def clusters_right(graded: Graded) -> dict[str, float]:
    """For each cluster 1 if all its questions are answered, and rightly."""
    return all_right((sample.cluster, fact(sample, "cluster_size"), grades["accuracy"]) for sample, grades in graded)


def cluster_shares(graded: Graded) -> list[Share]:
    """Shares of the clusters that are right in full."""
    return [Share(cluster, "", hit, 1.0) for cluster, hit in clusters_right(graded).items()]


def sized(samples: Iterable[Sample]) -> list[Sample]:
    """Samples that carry the size of their cluster."""
    known = list(samples)
    sizes = Counter(sample.cluster for sample in known)
    return [replace(sample, facts={**sample.facts, "cluster_size": sizes[sample.cluster]}) for sample in known]


def by_category(graded: Graded) -> dict[str, Graded]:
    """The samples of each category, by name."""
    return {
        category: [pair for pair in graded if pair[0].category == category]
        for category in sorted({sample.category for sample, _ in graded})
    }
