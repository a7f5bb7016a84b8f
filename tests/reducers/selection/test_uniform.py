import pytest
import torch

from g2tr.reducers.selection.uniform import Uniform
from g2tr.reducers.tokens import Grid, GridPositions, VisualTokens


def chosen(grid: Grid, k: int) -> list[int]:
    count = grid[0] * grid[1]
    return Uniform()(torch.rand(count), VisualTokens(torch.zeros(count, 1), grid), k).tolist()


def test_a_quarter_takes_one_token_of_every_block() -> None:
    assert chosen((4, 6), 6) == [0, 2, 4, 12, 14, 16]


def test_a_ninth_takes_the_middle_of_every_block() -> None:
    assert chosen((6, 9), 6) == [10, 13, 16, 37, 40, 43]


def test_a_budget_that_fits_no_lattice_is_spread_over_evenly_spaced_rows() -> None:
    kept = torch.tensor(chosen((4, 4), 7))
    assert (kept // 4).bincount(minlength=4).tolist() == [3, 2, 0, 2]
    assert (kept % 4)[:3].tolist() == [0, 1, 3]


@pytest.mark.parametrize("grid", [(1, 9), (9, 1), (5, 8), (7, 3)])
def test_every_budget_is_met_with_different_tokens_of_the_image(grid: Grid) -> None:
    for k in range(1, grid[0] * grid[1] + 1):
        kept = chosen(grid, k)
        assert len(set(kept)) == k
        assert kept == sorted(kept)
        assert 0 <= kept[0] <= kept[-1] < grid[0] * grid[1]


def test_tokens_that_an_earlier_step_left_are_spaced_in_raster_order() -> None:
    tokens = VisualTokens(torch.zeros(6, 1), (4, 6), (GridPositions(torch.tensor([0, 3, 5, 8, 9, 20])),))
    assert Uniform()(torch.zeros(6), tokens, 2).tolist() == [1, 4]
