import tracemalloc

import numpy as np
import pytest

from g2tr.metrics.ratios import ROOM, Ratio, Share, difference_of, interval, total


def test_a_score_is_the_sum_of_its_ratios_and_a_ratio_of_nothing_is_zero() -> None:
    shares = [
        Share("a", "x", 1.0, 2.0),
        Share("b", "x", 0.0, 2.0),
        Share("a", "y", 3.0, 1.0),
        Share("b", "z", 0.0, 0.0),
    ]
    assert total(shares) == 1 / 4 + 3


def test_ratios_of_equal_denominators_become_one() -> None:
    own = [Share("a", "", 1.0, 1.0), Share("b", "", 0.0, 1.0)]
    (ratio,) = difference_of(own, [Share("b", "", 1.0, 1.0), Share("a", "", 1.0, 1.0)])
    assert (ratio.above.tolist(), ratio.below.tolist()) == ([0.0, -1.0], [1.0, 1.0])
    assert len(difference_of(own, [Share("a", "", 1.0, 2.0)])) == 2


def test_blocks_draw_what_one_draw_of_everything_would() -> None:
    random = np.random.default_rng(1)
    clusters, draws = 3 * ROOM // 1000, 2500
    ratio = Ratio(random.normal(size=clusters), random.integers(1, 5, clusters).astype(float))
    drawn = np.random.default_rng(0).integers(clusters, size=(draws, clusters))
    whole = ratio.above[drawn].sum(1) / ratio.below[drawn].sum(1)
    assert interval([ratio], draws) == tuple(np.quantile(whole, (0.025, 0.975)).tolist())


def test_memory_does_not_grow_with_clusters_times_draws() -> None:
    clusters = 20_000
    tracemalloc.start()
    interval([Ratio(np.ones(clusters), np.ones(clusters))], draws=200)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * ROOM < 200 * clusters * 16


def test_a_ratio_of_which_nothing_is_drawn_is_zero() -> None:
    rare = Ratio(np.array([5.0] + [0.0] * 9), np.array([1.0] + [0.0] * 9))
    assert interval([rare], 200) == pytest.approx((0.0, 5.0))
