import math

import pytest
import torch

from g2tr.reducers.sinusoids import angles, rates, waves


def test_waves_of_large_angles_are_those_of_the_formula() -> None:
    cos, sin = waves(torch.tensor([999_000.0, 32_768.0, 0.0]), 128, 10_000.0)
    for row, position in enumerate((999_000, 32_768, 0)):
        exact = [position * 10_000 ** (-k / 128) for k in range(128)]
        assert cos[row].tolist() == pytest.approx([math.cos(angle) for angle in exact], abs=1e-7)
        assert sin[row].tolist() == pytest.approx([math.sin(angle) for angle in exact], abs=1e-7)


def test_rates_fall_from_one() -> None:
    assert rates(2, 100.0).tolist() == pytest.approx([1.0, 0.1], rel=1e-14)


def test_whole_and_half_numbers_of_any_type_are_positions() -> None:
    for kind in (torch.int64, torch.int32, torch.float32, torch.float64):
        assert angles(torch.tensor([3], dtype=kind), 1, 10.0).item() == pytest.approx(3.0, rel=1e-14)
