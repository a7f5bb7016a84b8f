import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.selection.coverage import Coverage, regions
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Grid, GridPositions, VisualTokens

GRID: Grid = (4, 4)


def tokens(grid: Grid = GRID) -> VisualTokens:
    return VisualTokens(torch.zeros(grid[0] * grid[1], 1), grid)


def test_the_best_of_every_region_stays_then_the_best_of_all() -> None:
    scores = torch.arange(16.0)
    assert Coverage(share=1.0)(scores, tokens(), 4).tolist() == [5, 7, 13, 15]
    assert Coverage(share=0.5)(scores, tokens(), 8).tolist() == [5, 7, 10, 11, 12, 13, 14, 15]


def test_no_share_is_top_k() -> None:
    scores = torch.rand(16, generator=torch.Generator().manual_seed(0))
    for k in range(1, 17):
        assert Coverage(share=0.0)(scores, tokens(), k).equal(TopK()(scores, tokens(), k))


@pytest.mark.parametrize("grid", [(4, 4), (3, 10), (16, 16), (1, 9)])
def test_regions_never_outnumber_their_places_and_none_is_empty(grid: Grid) -> None:
    count = grid[0] * grid[1]
    scores = torch.rand(count, generator=torch.Generator().manual_seed(1))
    for k in range(1, count + 1):
        rows, columns = regions(grid, k)
        assert 1 <= rows * columns <= k
        kept = Coverage(share=1.0)(scores, tokens(grid), k)
        hit = kept // grid[1] * rows // grid[0] * columns + kept % grid[1] * columns // grid[1]
        assert hit.unique().tolist() == list(range(rows * columns))


def test_tokens_that_an_earlier_step_left_keep_their_places() -> None:
    left = VisualTokens(torch.zeros(4, 1), GRID, (GridPositions(torch.tensor([0, 1, 4, 15])),))
    assert Coverage(share=1.0)(torch.tensor([1.0, 3.0, 2.0, 0.0]), left, 4).tolist() == [0, 1, 2, 3]
    assert Coverage(share=1.0)(torch.tensor([1.0, 3.0, 2.0, 0.0]), left, 2).tolist() == [1, 3]


def test_a_share_outside_its_range_is_refused() -> None:
    with pytest.raises(InputError, match="selection.share must lie between 0 and 1, got 1.5"):
        Coverage(share=1.5)


def test_regions_have_the_shape_of_the_grid() -> None:
    assert [regions(grid, 16) for grid in [(4, 16), (16, 4), (8, 8)]] == [(2, 8), (8, 2), (4, 4)]
