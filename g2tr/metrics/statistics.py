"""Whether two runs on the same samples differ by more than chance."""

from collections.abc import Sequence

import numpy as np

from g2tr.metrics.ratios import Ratio, interval


def mcnemar(a: Sequence[float], b: Sequence[float]) -> float:
    """Exact two-sided p-value of McNemar's test for grades of 0 or 1 on the same samples.

    Under the null hypothesis, of the samples that only one run gets right, each run has half on average.
    """
    only_a = sum(bool(x > y) for x, y in zip(a, b, strict=True))
    only_b = sum(bool(y > x) for x, y in zip(a, b, strict=True))
    discordant = only_a + only_b
    return float(min(1.0, 2 * lower_tail(discordant, min(only_a, only_b)) / 2**discordant))


def lower_tail(n: int, most: int) -> int:
    """The sum of the binomial coefficients n over 0 to n over `most`, each from the one before."""
    coefficient = tail = 1
    for i in range(most):
        coefficient = coefficient * (n - i) // (i + 1)
        tail += coefficient
    return tail


def sign_test(a: Sequence[float], b: Sequence[float], groups: Sequence[str]) -> float:
    """Exact two-sided p-value of the sign test over groups: does `a` win more groups than `b` does?

    A group is won by who has the higher sum in it. Where every sample is a group of its own and grades are 0 or 1,
    this is McNemar's test.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(index, weights=np.asarray(a, dtype=float) - np.asarray(b, dtype=float)).round(9)
    return mcnemar((sums > 0).astype(float).tolist(), (sums < 0).astype(float).tolist())


def paired_bootstrap(
    a: Sequence[float], b: Sequence[float], groups: Sequence[str], draws: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of mean(a) - mean(b) on the same samples; samples of one group are drawn together.

    Groups are what is not independent: questions about one image, rolls of one circular question.
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(index, weights=np.asarray(a, dtype=float) - np.asarray(b, dtype=float))
    return interval([Ratio(sums, np.bincount(index).astype(float))], draws, seed)
