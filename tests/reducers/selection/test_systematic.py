import pytest
import torch

from g2tr.reducers.selection.systematic import Systematic, hilbert, inclusion
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Grid, VisualTokens


def image(grid: Grid) -> VisualTokens:
    return VisualTokens(torch.zeros(grid[0] * grid[1], 1), grid)


def test_the_curve_walks_from_neighbour_to_neighbour() -> None:
    assert hilbert(torch.arange(16), (4, 4)).reshape(4, 4).tolist() == [
        [0, 1, 14, 15],
        [3, 2, 13, 12],
        [4, 7, 8, 11],
        [5, 6, 9, 10],
    ]


@pytest.mark.parametrize("grid", [(1, 1), (3, 5), (12, 18), (70, 70)])
def test_no_two_places_share_a_position_on_the_curve(grid: Grid) -> None:
    count = grid[0] * grid[1]
    assert len(hilbert(torch.arange(count), grid).unique()) == count


def test_chances_are_proportional_up_to_certainty() -> None:
    weights = torch.tensor([1.0, 10.0, 1.0, 2.0], dtype=torch.double)
    torch.testing.assert_close(inclusion(weights, 1), weights / 14)
    expected = torch.tensor([0.25, 1.0, 0.25, 0.5], dtype=torch.double)
    torch.testing.assert_close(inclusion(weights, 2), expected)  # 2·10/14 > 1, so one place for the other three
    assert inclusion(weights, 4).tolist() == [1.0] * 4


def test_a_token_stays_where_the_sum_of_chances_passes_a_half() -> None:
    scores = torch.tensor([0.0, 4.0, 0.0, 0.0])  # walk 0 1 3 2 on 2 x 2: chances 0, 1, 0, 0 up to 1e-6
    assert Systematic()(scores, image((2, 2)), 1).tolist() == [1]
    assert Systematic()(torch.ones(4), image((2, 2)), 2).tolist() == [0, 3]  # sums 0.5, 1, 1.5, 2 along the walk


def test_equal_scores_take_every_block_alike() -> None:
    kept = Systematic()(torch.ones(256), image((16, 16)), 64)
    blocks = kept // 16 // 2 * 8 + kept % 16 // 2
    assert len(blocks.unique()) == 64


def test_power_zero_ignores_the_scores_and_a_large_power_is_top_k() -> None:
    scores = torch.rand(256, generator=torch.Generator().manual_seed(0))
    even = Systematic()(torch.ones(256), image((16, 16)), 50)
    assert Systematic(power=0.0)(scores, image((16, 16)), 50).equal(even)
    distinct = torch.arange(256.0).flip(0) ** 2
    assert Systematic(power=200.0)(distinct, image((16, 16)), 3).equal(TopK()(distinct, image((16, 16)), 3))


@pytest.mark.parametrize("k", [1, 7, 60, 125, 126])
@pytest.mark.parametrize("seed", range(3))
def test_the_budget_is_exact_also_where_some_are_certain(k: int, seed: int) -> None:
    scores = torch.randn(126, generator=torch.Generator().manual_seed(seed)).exp() ** 3
    kept = Systematic()(scores, image((9, 14)), k)
    assert len(kept.unique()) == k
    certain = torch.where(inclusion((scores - scores.min()).double() / (scores.max() - scores.min()) + 1e-6, k) == 1)
    assert set(certain[0].tolist()) <= set(kept.tolist())


def test_half_of_the_image_at_power_zero_is_a_checkerboard() -> None:
    kept = Systematic(power=0.0)(torch.rand(256), image((16, 16)), 128)
    assert ((kept // 16 + kept % 16) % 2).unique().numel() == 1
