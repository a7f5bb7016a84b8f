import pytest
import torch
import torch.nn.functional as F

from g2tr.errors import InputError
from g2tr.reducers.merge.spatial import Spatial
from g2tr.reducers.selection.uniform import Uniform
from g2tr.reducers.tokens import Grid, GridPositions, VisualTokens


def random_tokens(grid: Grid, d: int = 6) -> VisualTokens:
    return VisualTokens(torch.randn(grid[0] * grid[1], d, generator=torch.Generator().manual_seed(0)), grid)


def test_dropped_tokens_join_the_nearest_kept_one() -> None:
    tokens = VisualTokens(torch.arange(10.0)[:, None], (2, 5))
    reduction = Spatial()(tokens, torch.tensor([0, 9]))
    assert reduction.assignment.tolist() == [0, 0, 0, 1, 1, 0, 0, 1, 1, 1]  # (0, 2): 4 against 5
    torch.testing.assert_close(reduction.features.flatten(), torch.tensor([14 / 5, 31 / 5]))
    assert reduction.sizes.tolist() == [5, 5]


def test_equal_distances_go_to_the_lower_index() -> None:
    assert Spatial()(VisualTokens(torch.ones(3, 1), (1, 3)), torch.tensor([0, 2])).assignment.tolist() == [0, 0, 1]


@pytest.mark.parametrize("grid, side", [((16, 16), 2), ((6, 10), 2), ((12, 18), 3), ((8, 8), 4)])
def test_with_an_even_grid_it_is_mean_pooling(grid: Grid, side: int) -> None:
    tokens = random_tokens(grid)
    kept = Uniform()(torch.zeros(grid[0] * grid[1]), tokens, grid[0] * grid[1] // side**2)
    pooled = F.avg_pool2d(tokens.features.T.unflatten(1, grid), side).flatten(1).T
    torch.testing.assert_close(Spatial()(tokens, kept).features, pooled)


def test_appearance_outweighs_place() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 2.0], [0.0, 3.0]])
    tokens = VisualTokens(features, (1, 4))
    assert Spatial(appearance=2.0)(tokens, torch.tensor([0, 3])).assignment.tolist() == [
        0,
        0,
        1,
        1,
    ]  # 1 + 2 against 4 + 0
    assert Spatial(appearance=4.0)(tokens, torch.tensor([0, 3])).assignment.tolist() == [
        0,
        1,
        1,
        1,
    ]  # 1 + 4 against 4 + 0


@pytest.mark.parametrize("chunk", [1, 7, 60])
@pytest.mark.parametrize("appearance", [0.0, 16.0])
def test_homes_do_not_depend_on_the_chunk(appearance: float, chunk: int) -> None:
    tokens, kept = random_tokens((6, 10)), torch.arange(0, 60, 7)
    assert Spatial(appearance, chunk)(tokens, kept).assignment.equal(Spatial(appearance)(tokens, kept).assignment)


def test_places_that_an_earlier_step_left_count() -> None:
    tokens = VisualTokens(torch.ones(3, 1), (2, 9), (GridPositions(torch.tensor([0, 8, 9])),))
    assert Spatial()(tokens, torch.tensor([0, 1])).assignment.tolist() == [0, 1, 0]


def test_a_negative_appearance_is_refused() -> None:
    with pytest.raises(InputError, match=r"merge\.appearance must be at least 0, got -1"):
        Spatial(appearance=-1.0)


def test_appearance_is_a_cosine_whatever_the_norms_of_the_kept_tokens() -> None:
    tokens = VisualTokens(torch.tensor([[3.0, 4.0], [1.0, 0.0], [1.0, 0.0]]), (1, 3))
    assert Spatial(appearance=1.0)(tokens, torch.tensor([0, 2])).assignment.tolist() == [0, 1, 1]  # cosines 0.6 and 1
