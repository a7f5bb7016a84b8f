"""What a benchmark is made of: samples, and the protocol of a benchmark."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

from PIL import Image

from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.metrics.ratios import Share


@dataclass(frozen=True)
class Sample:
    """One question or edit. `target` is the answer, or the picture that the edit should give.

    `seed` is set where the benchmark fixes it; else it follows from the run's seed and the id. `facts` are what
    grading needs to know besides the target, as JSON; they are stored with the prediction, so that a run can be
    scored without its data. Samples of one `cluster` are scored as one (the two questions of an image pair, the
    rolls of a circular question), and a limit never parts them; a sample without one stands alone. `mask` shows where
    an edit may change the picture.
    """

    id: str
    images: tuple[ImageSource, ...]
    prompt: str
    target: str | ImageSource | None
    category: str
    seed: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    cluster: str = ""
    mask: ImageSource | None = None

    @property
    def group(self) -> str:
        """Samples of one group show the same images."""
        return "+".join(image.key for image in self.images)


Grades = Mapping[str, float]
Shares = Callable[[Sequence[tuple[Sample, Grades]]], Sequence[Share]]


@runtime_checkable
class Benchmark(Protocol):
    """Samples of one task, `answer` or `edit`, and how they are graded.

    `grade` is a pure function of a sample and its prediction (a text, or an image for edits); `summarise`
    turns the grades of all samples into scores; `headline` names the scores that a table shows, best first.
    Where the first of them is not the mean of a grade, a static method `shares(graded, protocol)` says how it comes
    from clusters (`g2tr.metrics.ratios`), so that differences of it have an interval.
    """

    task: ClassVar[str]
    headline: ClassVar[tuple[str, ...]]

    @property
    def max_tokens(self) -> int: ...

    def samples(self) -> Sequence[Sample]: ...

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades: ...

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]: ...


def check_limit(limit: int | None) -> int | None:
    """The limit. Raises `InputError` for what is neither a whole number of at least 1 nor None."""
    if limit is not None and (type(limit) is not int or limit < 1):
        raise InputError(f"limit must be a whole number of at least 1, or null for all samples, got {limit!r}")
    return limit


def limited(samples: Sequence[Sample], limit: int | None) -> Sequence[Sample]:
    """The first clusters of samples that fit into `limit`, at least one. Raises `InputError` where none are left."""
    check_limit(limit)
    if not samples:
        raise InputError("zero samples: the benchmark is empty")
    if limit is None:
        return samples
    admitted: set[str] = set()
    room = limit
    for cluster, size in Counter(sample.cluster or sample.id for sample in samples).items():
        if admitted and size > room:
            break
        admitted.add(cluster)
        room -= size
    return [sample for sample in samples if (sample.cluster or sample.id) in admitted]
