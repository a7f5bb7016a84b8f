from itertools import combinations

import pytest
import torch
from torch import Tensor

from g2tr.reducers.anchors import anchor_cells
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Anchors, Grid, VisualTokens


def tokens_in(cells: Tensor) -> VisualTokens:
    anchors = Anchors(torch.zeros(int(cells.max()) + 1, 1), cells)
    return VisualTokens(torch.zeros(len(cells), 1), (1, len(cells)), (anchors,))


def chosen(scores: list[float], cells: list[int], k: int) -> list[int]:
    return Balanced()(torch.tensor(scores), tokens_in(torch.tensor(cells)), k).tolist()


def random_scores(count: int, seed: int = 0) -> Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(seed))


def test_the_best_token_of_each_cell_stays_then_the_best_overall() -> None:
    scores, cells = [0.9, 0.8, 0.7, 0.1, 0.2, 0.6], [0, 0, 0, 1, 1, 0]
    assert chosen(scores, cells, 2) == [0, 4]
    assert chosen(scores, cells, 3) == [0, 1, 4]
    assert chosen(scores, cells, 5) == [0, 1, 2, 4, 5]


def test_with_fewer_places_than_cells_the_best_cells_are_hit() -> None:
    assert chosen([0.9, 0.8, 0.1, 0.5], [0, 0, 1, 2], 2) == [0, 3]


def test_equal_scores_in_a_cell_go_to_the_lower_index() -> None:
    assert chosen([0.5, 0.5, 0.5, 0.5], [0, 1, 1, 0], 2) == [0, 1]


def test_equal_seeds_go_to_the_lower_cell() -> None:
    assert chosen([0.5, 0.5, 0.5], [2, 0, 1], 2) == [1, 2]


def test_the_fill_goes_to_the_lower_index() -> None:
    assert chosen([0.5, 0.5, 0.5, 0.5], [0, 0, 0, 0], 3) == [0, 1, 2]


@pytest.mark.parametrize(
    "grid, anchors, k", [((12, 18), (7, 10), 70), ((12, 18), (7, 10), 108), ((70, 70), (32, 32), 1024)]
)
def test_no_cell_is_left_empty(grid: Grid, anchors: Grid, k: int) -> None:
    cells = anchor_cells(grid, anchors)
    kept = Balanced()(random_scores(len(cells)), tokens_in(cells), k)
    assert len(kept.unique()) == k
    assert cells[kept].unique().equal(cells.unique())


@pytest.mark.parametrize("k", [3, 4, 6])
@pytest.mark.parametrize("seed", range(5))
def test_no_set_that_hits_every_cell_scores_higher(seed: int, k: int) -> None:
    scores, cells = random_scores(9, seed), [0, 0, 0, 0, 1, 1, 2, 2, 2]
    sets = (list(s) for s in combinations(range(9), k) if {cells[i] for i in s} == {0, 1, 2})
    best = max(sets, key=lambda s: scores[s].double().sum().item())
    assert chosen(scores.tolist(), cells, k) == best


@pytest.mark.parametrize("k", [1, 100, 128, 255])
def test_cells_of_one_token_leave_plain_top_k(k: int) -> None:
    scores, tokens = random_scores(256), tokens_in(anchor_cells((16, 16), (28, 28)))
    assert Balanced()(scores, tokens, k).equal(TopK()(scores, tokens, k))


def test_a_single_cell_leaves_plain_top_k() -> None:
    scores, tokens = random_scores(60), tokens_in(torch.zeros(60, dtype=torch.long))
    assert Balanced()(scores, tokens, 20).equal(TopK()(scores, tokens, 20))
