"""How far two lines of a table lie apart on the same samples, and whether that is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from g2tr.evaluate import Run
from g2tr.metrics.statistics import paired_bootstrap, sign_test
from g2tr.record import read_records


@dataclass(frozen=True)
class Grade:
    """The grade of one sample, the mean over seeds, and the cluster in which samples depend on each other."""

    value: float
    cluster: str


@dataclass(frozen=True)
class Difference:
    """Mean difference, its 95 % interval, and p of the sign test over clusters where all grades are 0 or 1."""

    mean: float
    low: float
    high: float
    p: float | None

    @property
    def is_noise(self) -> bool:
        """Whether chance alone explains it: the interval holds 0."""
        return self.low <= 0 <= self.high

    def text(self, scale: float, digits: int) -> str:
        """The difference and its interval; within noise it says so."""
        mean, low, high = (f"{scale * value:+.{digits}f}" for value in (self.mean, self.low, self.high))
        return f"{mean} (noise)" if self.is_noise else f"{mean} [{low}, {high}]"


def grades_of(runs: Sequence[Run], benchmark: str, score: str) -> dict[str, Grade]:
    """The grades of all samples by their ids; accuracy, where the score exists only for clusters or for all."""
    records = [
        record
        for run in runs
        for record in read_records(run.folder.path / "predictions.jsonl")
        if record.benchmark == benchmark
    ]
    own = score if any(score in record.score for record in records) else "accuracy"
    found: dict[str, list[Grade]] = {}
    for record in records:
        if own in record.score:
            grade = Grade(record.score[own], record.cluster or record.id)
            found.setdefault(record.id, []).append(grade)
    return {name: Grade(fmean(g.value for g in grades), grades[0].cluster) for name, grades in found.items()}


def difference(own: Mapping[str, Grade], other: Mapping[str, Grade]) -> Difference | None:
    """`own` minus `other` over the samples that both have; None where there is none."""
    shared = [name for name in own if name in other]
    if not shared:
        return None
    a, b = ([grades[name].value for name in shared] for grades in (own, other))
    clusters = [own[name].cluster for name in shared]
    low, high = paired_bootstrap(a, b, clusters)
    binary = {*a, *b} <= {0.0, 1.0}
    return Difference(fmean(a) - fmean(b), low, high, sign_test(a, b, clusters) if binary else None)
