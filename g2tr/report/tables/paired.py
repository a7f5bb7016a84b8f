"""How far two lines of a table lie apart on the same samples, and whether that is more than chance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from g2tr.benchmarks.sample import Grades, Sample, Shares
from g2tr.evaluation.record import Record, read_records
from g2tr.evaluation.run_folder import Run
from g2tr.evaluation.trusted_config import shares_of
from g2tr.metrics.ratios import Ratio, Share, difference_of, interval, total
from g2tr.metrics.statistics import sign_test

FEWEST = 10


@dataclass(frozen=True)
class Difference:
    """The difference of a score, its 95 % interval, which fewer than ten clusters do not have, and p of the sign test.

    p exists where grades are 0 or 1 and the score divides by the same in both.
    """

    mean: float
    low: float | None
    high: float | None
    p: float | None

    @property
    def is_noise(self) -> bool:
        """Whether chance alone explains it: the interval holds 0."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high

    @property
    def is_loss(self) -> bool:
        """Whether it is below 0 by more than chance: by p, or where there is none by the interval."""
        chance = self.high is None or self.high >= 0 if self.p is None else self.p >= 0.05
        return self.mean < 0 and not chance

    @property
    def evidence(self) -> str:
        """What speaks against chance."""
        return "by the 95 % interval" if self.p is None else f"p = {self.p:.1g}"

    def text(self, scale: float, digits: int) -> str:
        """The difference and its interval; within noise it says so, and a dash stands for no interval."""
        mean, low, high = (
            "" if value is None else f"{scale * value:+.{digits}f}" for value in (self.mean, self.low, self.high)
        )
        return f"{mean} (noise)" if self.is_noise else f"{mean} [{low}, {high}]" if low else f"{mean} [–]"


@dataclass(frozen=True)
class Scored:
    """The samples of a run, their grades by id, and how its score comes from them."""

    graded: Mapping[str, tuple[Sample, Grades]]
    rule: Shares


def scored(runs: Sequence[Run], benchmark: str, score: str) -> list[Scored]:
    """What runs have on a benchmark; samples without a grade are left out where the score is its mean."""
    found = []
    for run in runs:
        result = run.metrics["benchmarks"].get(benchmark)
        if result is not None:
            rule = shares_of(run.metrics["benchmark"][benchmark], score, result.get("protocol"))
            graded = {
                record.id: (bare(record), record.score)
                for record in read_records(run.folder.path / "predictions.jsonl")
                if record.benchmark == benchmark and (score in record.score or (rule and record.score))
            }
            found.append(Scored(graded, rule or partial(mean_shares, grade=score)))
    return found


def bare(record: Record) -> Sample:
    """The sample of a record without its images; one that belongs to no cluster is its own."""
    place = (record.id, (), record.prompt, record.target, record.category)
    return Sample(*place, facts=record.facts, cluster=record.cluster or record.id)


def mean_shares(graded: Sequence[tuple[Sample, Grades]], grade: str) -> list[Share]:
    """The shares of the mean of a grade."""
    return [Share(sample.cluster, "", grades[grade], 1.0) for sample, grades in graded]


def shares_over(runs: Sequence[Scored], names: Sequence[str]) -> list[Share]:
    """What these samples add to the score, the mean over runs."""
    return [
        Share(share.cluster, f"{number}:{share.ratio}", share.above / len(runs), share.below)
        for number, run in enumerate(runs)
        for share in run.rule([run.graded[name] for name in names])
    ]


def difference(own: Sequence[Scored], other: Sequence[Scored]) -> Difference | None:
    """`own` minus `other` over the samples that all their runs have; None where there is none."""
    shared = [name for name in own[0].graded if all(name in run.graded for run in (*own, *other))] if own else []
    if not shared or not other:
        return None
    a, b = shares_over(own, shared), shares_over(other, shared)
    ratios = difference_of(a, b)
    low, high = interval(ratios) if len(ratios[0].below) >= FEWEST else (None, None)
    return Difference(total(a) - total(b), low, high, chance(a, b, ratios))


def chance(own: Sequence[Share], other: Sequence[Share], ratios: Sequence[Ratio]) -> float | None:
    """p of the sign test over clusters, where shares are whole numbers, and of the same denominators."""
    alike = len(ratios) == len({share.ratio for share in own}) == len({share.ratio for share in other})
    if not alike or not all(float(share.above).is_integer() for share in (*own, *other)):
        return None
    sums = np.sum([ratio.above for ratio in ratios], axis=0)
    return sign_test(sums.tolist(), [0.0] * len(sums), [str(i) for i in range(len(sums))])
