import pytest
import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.anchors import AnchorRule, anchor_cells, pool_patches
from g2tr.reducers.tokens import Grid, LatentGrid


def latent(h: int, w: int, dtype: torch.dtype = torch.float32) -> LatentGrid:
    mean = torch.randn(h, w, 4, generator=torch.Generator().manual_seed(0))
    weight = torch.randn(6, 4, generator=torch.Generator().manual_seed(1)).to(dtype)
    return LatentGrid(mean.to(dtype), torch.full((h, w, 4), 0.5, dtype=dtype), lambda patches: patches @ weight.T)


def test_pooling_averages_blocks_and_at_the_edge_what_exists() -> None:
    patches = torch.arange(9.0).reshape(3, 3, 1)
    assert pool_patches(patches, 2).squeeze(-1).tolist() == [[2.0, 3.5], [6.5, 8.0]]


def test_pooling_by_one_changes_nothing() -> None:
    patches = latent(3, 5).mean
    assert pool_patches(patches, 1).equal(patches)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (3, 2)])
def test_a_block_larger_than_the_latent_averages_all_of_it(shape: Grid) -> None:
    patches = latent(*shape).mean
    assert pool_patches(patches, 8).shape == (1, 1, 4)
    torch.testing.assert_close(pool_patches(patches, 8)[0, 0], patches.mean((0, 1)))


def test_pooling_runs_in_float32() -> None:
    patches = torch.tensor([1.0, 2**-8, 0.0, 0.0], dtype=torch.bfloat16).reshape(2, 2, 1)
    assert pool_patches(patches, 2).item() == (1 + 2**-8) / 4


def test_cells_follow_the_floor_rule() -> None:
    cells = anchor_cells((3, 5), (2, 3)).reshape(3, 5)
    assert cells.tolist() == [[0, 0, 1, 1, 2], [0, 0, 1, 1, 2], [3, 3, 4, 4, 5]]


@pytest.mark.parametrize(
    "grid, anchors", [((70, 70), (32, 32)), ((45, 70), (21, 32)), ((5, 5), (5, 5)), ((4, 9), (1, 1))]
)
def test_no_cell_is_empty_where_anchors_are_not_finer_than_tokens(grid: Grid, anchors: Grid) -> None:
    assert anchor_cells(grid, anchors).unique().tolist() == list(range(anchors[0] * anchors[1]))


def test_every_token_has_a_cell_of_its_own_where_anchors_are_finer() -> None:
    assert len(anchor_cells((16, 16), (28, 28)).unique()) == 256


def test_anchors_are_projected_means_of_blocks() -> None:
    grid = latent(5, 4)
    anchors = AnchorRule()(grid, (7, 6))
    assert anchors.features.shape == (3 * 2, 6)
    torch.testing.assert_close(anchors.features[0], grid.project(grid.mean[:2, :2].mean((0, 1))[None])[0])
    torch.testing.assert_close(anchors.features[-1], grid.project(grid.mean[4:, 2:].mean((0, 1))[None])[0])


def test_bagel_sizes_give_the_anchor_grids_of_the_paper() -> None:
    for patches, tokens, count in [((64, 64), (70, 70), 32 * 32), ((41, 64), (45, 70), 21 * 32)]:
        anchors = AnchorRule()(latent(*patches), tokens)
        assert len(anchors.features) == count
        assert len(anchors.cells) == tokens[0] * tokens[1]


def test_anchors_have_the_type_of_the_latent() -> None:
    assert AnchorRule()(latent(4, 4, torch.bfloat16), (4, 4)).features.dtype == torch.bfloat16


def sampled(seed: int) -> Tensor:
    return AnchorRule(sample=True)(latent(4, 4), (4, 4), seed).features


def test_sampled_anchors_depend_on_the_seed_alone() -> None:
    torch.manual_seed(0)
    first = sampled(7)
    torch.manual_seed(1)
    assert sampled(7).equal(first)
    assert not sampled(8).equal(first)


def test_anchors_of_the_mean_depend_on_no_seed() -> None:
    assert AnchorRule()(latent(4, 4), (4, 4), 7).features.equal(AnchorRule()(latent(4, 4), (4, 4), 8).features)


def test_samples_scatter_around_the_mean_as_the_posterior_says() -> None:
    grid = latent(64, 64)
    noise = AnchorRule(sample=True).draw(grid, 3) - grid.mean
    assert abs(noise.mean().item()) < 0.02
    assert abs(noise.std().item() - 0.5) < 0.02


@pytest.mark.parametrize("pool", [0, -1, True])
def test_a_block_side_that_is_no_whole_number_above_zero_is_refused(pool: int) -> None:
    with pytest.raises(InputError, match=r"anchors\.pool must be a whole number"):
        AnchorRule(pool)
