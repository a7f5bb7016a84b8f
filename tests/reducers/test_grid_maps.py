import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.grid_maps import (
    coordinates,
    even_cells,
    local_contrast,
    local_mean,
    require_window,
    resample,
    smallest_grid,
)
from g2tr.reducers.tokens import Grid

EVERY = torch.arange(12)


def test_a_local_mean_counts_what_lies_within_the_image() -> None:
    values = torch.arange(12.0)[:, None]
    means = local_mean(values, EVERY, (3, 4), 3).reshape(3, 4)
    torch.testing.assert_close(means[0], torch.tensor([2.5, 3.0, 4.0, 4.5]))
    torch.testing.assert_close(means[1], torch.tensor([4.5, 5.0, 6.0, 6.5]))


def test_a_local_mean_skips_tokens_that_are_gone() -> None:
    places = torch.tensor([0, 1, 5, 11])
    means = local_mean(torch.tensor([[1.0], [2.0], [6.0], [7.0]]), places, (3, 4), 3)
    torch.testing.assert_close(means, torch.tensor([[3.0], [3.0], [3.0], [7.0]]))


def test_contrast_is_the_distance_from_the_local_mean() -> None:
    values = torch.zeros(9, 2)
    values[4] = torch.tensor([9.0, 18.0])
    contrast = local_contrast(values, torch.arange(9), (3, 3), 3)
    assert contrast[4].item() == pytest.approx((8**2 + 16**2) ** 0.5)
    assert contrast[0].item() == pytest.approx((2.25**2 + 4.5**2) ** 0.5)


@pytest.mark.parametrize("chunk", [1, 3, 7, 8])
def test_contrast_does_not_depend_on_the_chunk(chunk: int) -> None:
    values = torch.randn(12, 7, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        local_contrast(values, EVERY, (3, 4), 5, chunk), local_contrast(values, EVERY, (3, 4), 5)
    )


def test_resampling_keeps_a_map_of_the_same_size_and_averages_a_larger_one() -> None:
    scores = torch.arange(12.0).reshape(3, 4)
    torch.testing.assert_close(resample(scores, (3, 4)), scores.flatten())
    assert resample(torch.full((6, 8), 2.5), (3, 4)).tolist() == [2.5] * 12
    assert resample(torch.tensor([[0.0, 1.0]]), (1, 4)).tolist() == [0.0, 0.25, 0.75, 1.0]


def test_coordinates_are_row_and_column() -> None:
    assert coordinates(torch.tensor([0, 5, 11]), (3, 4)).tolist() == [[0, 0], [1, 1], [2, 3]]


@pytest.mark.parametrize("window", [0, 1, 4, -3])
def test_a_window_without_a_centre_or_surroundings_is_refused(window: int) -> None:
    with pytest.raises(InputError, match=r"importance\.window must be an odd number of at least 3"):
        require_window(window)


@pytest.mark.parametrize("grid", [(16, 16), (9, 14), (1, 7), (30, 3)])
def test_the_smallest_grid_holds_its_count_and_no_row_too_many(grid: Grid) -> None:
    for count in range(1, grid[0] * grid[1] + 1):
        rows, columns = smallest_grid(grid, count)
        assert count <= rows * columns < count + rows
        assert rows <= grid[0] and columns <= grid[1]
    assert smallest_grid(grid, grid[0] * grid[1]) == grid


def test_even_cells_are_numbered_in_raster_order() -> None:
    assert even_cells(EVERY, (3, 4), (2, 2)).tolist() == [0, 0, 1, 1, 0, 0, 1, 1, 2, 2, 3, 3]
