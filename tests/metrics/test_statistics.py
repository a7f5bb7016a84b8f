from math import comb

import numpy as np
import pytest

from g2tr.metrics.statistics import mcnemar, paired_bootstrap, sign_test


def test_equal_runs_do_not_differ() -> None:
    assert mcnemar([1.0, 0.0, 1.0], [1.0, 0.0, 1.0]) == 1.0


def test_the_p_value_is_that_of_a_fair_coin() -> None:
    a, b = [1.0] * 9 + [0.0] + [1.0] * 5, [0.0] * 9 + [1.0] + [1.0] * 5
    assert mcnemar(a, b) == mcnemar(b, a) == pytest.approx(2 * (1 + 10) / 2**10)


def test_one_more_in_a_hundred_is_noise() -> None:
    assert mcnemar([1.0] * 20 + [0.0] * 76, [1.0] * 19 + [0.0] * 77) == 1.0


def test_a_constant_difference_has_an_interval_without_width() -> None:
    low, high = paired_bootstrap([1.0] * 8, [0.5] * 8, [str(i) for i in range(8)])
    assert (low, high) == (0.5, 0.5)


def test_samples_of_one_group_widen_the_interval() -> None:
    random = np.random.default_rng(1)
    a = np.repeat(random.integers(0, 2, 40), 10).astype(float).tolist()
    b = [0.5] * 400
    alone = paired_bootstrap(a, b, [str(i) for i in range(400)])
    together = paired_bootstrap(a, b, [str(i // 10) for i in range(400)])
    assert together[1] - together[0] > 2 * (alone[1] - alone[0])


def test_the_same_seed_gives_the_same_interval() -> None:
    a, b, groups = [1.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.0], ["a", "b", "c", "d"]
    assert paired_bootstrap(a, b, groups) == paired_bootstrap(a, b, groups)
    random = np.random.default_rng(1)
    a, b, groups = random.random(50).tolist(), [0.0] * 50, [str(i) for i in range(50)]
    assert paired_bootstrap(a, b, groups) == paired_bootstrap(a, b, groups, draws=10_000, seed=0)
    assert paired_bootstrap(a, b, groups) != paired_bootstrap(a, b, groups, seed=1)


def test_the_sign_test_is_mcnemars_where_samples_stand_alone() -> None:
    a, b = ([float(x) for x in grades] for grades in ("111111001", "000000011"))
    assert sign_test(a, b, [str(i) for i in range(9)]) == mcnemar(a, b)


def test_the_sign_test_counts_a_group_once() -> None:
    """60 circular groups of 4 rolls: 6 worse in all rolls, 1 better; 7 groups decide, not 28 rolls."""
    a, b = [1.0] * 236 + [0.0] * 4, [0.0] * 24 + [1.0] * 216
    assert sign_test(a, b, [str(i // 4) for i in range(240)]) == pytest.approx(2 * 8 / 2**7)


def test_every_sample_counts_alike_in_the_interval_however_large_its_group() -> None:
    """20 groups of one sample that differs, and 20 of nine that do not: the mean difference is 0.1, not 0.5."""
    groups = [*range(20), *(group for group in range(20, 40) for _ in range(9))]
    low, high = paired_bootstrap([1.0] * 20 + [0.0] * 180, [0.0] * 200, [str(group) for group in groups])
    assert low < 0.1 < high < 0.3


def test_the_tail_is_the_sum_of_binomial_coefficients() -> None:
    for n, k in ((0, 0), (1, 0), (9, 4), (131, 60)):
        a, b = [1.0] * (n - k) + [0.0] * k, [0.0] * (n - k) + [1.0] * k
        assert mcnemar(a, b) == min(1.0, 2 * sum(comb(n, i) for i in range(min(k, n - k) + 1)) / 2**n)
