"""Scores as sums of ratios of sums over clusters, which every headline is, and the bootstrap of their differences."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

ROOM = 2**17


class Share(NamedTuple):
    """What a cluster of samples adds to the two sums of one of the ratios whose sum is a score."""

    cluster: str
    ratio: str
    above: float
    below: float


@dataclass(frozen=True)
class Ratio:
    """The two sums, cluster by cluster."""

    above: Float64[np.ndarray, " clusters"]
    below: Float64[np.ndarray, " clusters"]


def total(shares: Iterable[Share]) -> float:
    """The score that shares make up; a ratio of nothing is 0."""
    sums: dict[str, tuple[float, float]] = {}
    for share in shares:
        above, below = sums.get(share.ratio, (0.0, 0.0))
        sums[share.ratio] = above + share.above, below + share.below
    return sum(above / below for above, below in sums.values() if below)


def difference_of(own: Sequence[Share], other: Sequence[Share]) -> list[Ratio]:
    """The ratios whose sum is the score of `own` minus that of `other`; those of equal denominators become one."""
    names = sorted({share.cluster for share in (*own, *other)})
    index = {name: i for i, name in enumerate(names)}
    found: dict[bytes, Ratio] = {}
    for sign, shares in ((1.0, own), (-1.0, other)):
        ratios: dict[str, list[Share]] = {}
        for share in shares:
            ratios.setdefault(share.ratio, []).append(share)
        for members in ratios.values():
            at = np.array([index[share.cluster] for share in members])
            above, below = (
                np.bincount(at, weights=values, minlength=len(names))
                for values in ([sign * share.above for share in members], [share.below for share in members])
            )
            known = found.get(key := below.tobytes())
            found[key] = Ratio(above if known is None else known.above + above, below)
    return list(found.values())


def interval(ratios: Sequence[Ratio], draws: int = 10_000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the sum of ratios; clusters are drawn with replacement.

    Draws are made in blocks, so that memory does not grow with clusters times draws; the numbers drawn are the same
    whatever the size of a block.
    """
    clusters = len(ratios[0].below)
    rows, random = max(1, ROOM // clusters), np.random.default_rng(seed)
    blocks = (random.integers(clusters, size=(min(rows, draws - i), clusters)) for i in range(0, draws, rows))
    low, high = np.quantile(np.concatenate([resampled(ratios, block) for block in blocks]), (0.025, 0.975))
    return float(low), float(high)


def resampled(ratios: Sequence[Ratio], drawn: Int64[np.ndarray, "draws clusters"]) -> Float64[np.ndarray, " draws"]:
    """The sum of ratios over the clusters of each draw."""
    sums = np.zeros(len(drawn))
    for ratio in ratios:
        above, below = ratio.above[drawn].sum(1), ratio.below[drawn].sum(1)
        sums += np.divide(above, below, out=np.zeros(len(drawn)), where=below > 0)
    return sums
