from collections.abc import Sequence
from itertools import pairwise

import pytest

from g2tr.report.figures.drawing import DARK, LIGHT, plot, png, spread_labels, styles


@pytest.mark.parametrize("heights", [[0.1, 0.5, 0.9], [0.5, 0.5, 0.5], [0.0, 0.01, 0.3, 0.31, 0.32]])
def test_names_keep_their_distance_and_their_order(heights: Sequence[float]) -> None:
    moved = spread_labels(heights, 0.1)
    assert all(b - a >= 0.1 - 1e-9 for a, b in pairwise(moved))
    assert sum(moved) == pytest.approx(sum(heights))


def test_names_far_apart_stay() -> None:
    assert spread_labels([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])


def test_forty_reducers_look_different_and_g2tr_is_first() -> None:
    names = [f"r{i}" for i in range(40)]
    found = styles([*names, "g2tr", "none", "random"])
    assert len({(style.colour, style.marker) for style in found.values()}) == len(found)
    assert found["g2tr"] == styles(["a", "g2tr"])["g2tr"]


def test_the_same_figure_gives_the_same_bytes() -> None:
    first, second = (png(plot(theme, "x", "y", 1)[0], theme) for theme in (LIGHT, LIGHT))
    assert first == second != png(plot(DARK, "x", "y", 1)[0], DARK)
    assert first.startswith(b"\x89PNG")
