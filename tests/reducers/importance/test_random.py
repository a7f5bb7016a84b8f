import pytest
import torch
from torch import Tensor

from g2tr.reducers.importance.random import Random
from g2tr.reducers.tokens import VisualTokens


def scores_of(seed: int, image: int, count: int = 400) -> Tensor:
    return Random(seed)(VisualTokens(torch.zeros(count, 2), (1, count), seed=image))


def test_scores_lie_between_zero_and_one_and_differ() -> None:
    scores = scores_of(0, 0)
    assert 0 <= scores.min() < 0.05 < 0.95 < scores.max() < 1
    assert scores.dtype == torch.float32


def test_an_image_is_scored_alike_whatever_was_drawn_before() -> None:
    torch.manual_seed(0)
    first = scores_of(3, 5)
    torch.manual_seed(1)
    assert scores_of(3, 5).equal(first)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    scores_of(3, 5)
    assert torch.get_rng_state().equal(before)


def test_every_image_and_every_seed_is_scored_differently() -> None:
    draws = {tuple(scores_of(seed, image, 8).tolist()) for seed in range(20) for image in range(20)}
    assert len(draws) == 400


def test_large_checksums_and_seeds_are_accepted() -> None:
    assert len(scores_of(2**40, 2**63 - 1)) == 400


def test_scores_ignore_the_features() -> None:
    tokens = VisualTokens(torch.ones(400, 9), (20, 20), seed=5)
    assert Random(3)(tokens).equal(scores_of(3, 5))


def test_the_draw_is_that_of_every_release() -> None:
    drawn = Random()(VisualTokens(torch.zeros(3, 2), (1, 3), seed=5))
    assert drawn.equal(scores_of(0, 5, 3))
    assert scores_of(1, 5, 3).tolist() == pytest.approx([0.11028969, 0.02427053, 0.79152858], abs=1e-7)
