import pytest
import torch

from g2tr.reducers.selection.window import Window, quotas, windows_of
from g2tr.reducers.tokens import GridPositions, VisualTokens


def test_the_best_of_every_window_stay() -> None:
    scores = torch.tensor([9.0, 8.0, 0.1, 0.2, 7.0, 6.0, 0.3, 0.4])
    tokens = VisualTokens(torch.zeros(8, 1), (2, 4))
    assert Window(2)(scores, tokens, 2).tolist() == [0, 7]
    assert Window(2)(scores, tokens, 4).tolist() == [0, 1, 6, 7]
    assert Window(2)(scores, tokens, 3).tolist() == [0, 1, 7]  # equal remainders: lower window


def test_equal_scores_in_a_window_go_to_the_lower_index() -> None:
    assert Window(2)(torch.zeros(8), VisualTokens(torch.zeros(8, 1), (2, 4)), 4).tolist() == [0, 1, 2, 3]


def test_places_go_to_the_largest_remainders() -> None:
    # 5·(4, 4, 2, 1)/11 = 1.82, 1.82, 0.91, 0.45
    assert quotas(torch.tensor([4, 4, 2, 1]), 5).tolist() == [2, 2, 1, 0]


@pytest.mark.parametrize("k", range(1, 64, 5))
def test_the_budget_is_exact_and_no_quota_exceeds_its_window(k: int) -> None:
    counts = torch.tensor([16, 16, 8, 12, 12, 0])
    assert quotas(counts, k).sum() == k
    assert (quotas(counts, k) <= counts).all()


def test_what_is_left_at_the_edge_is_a_window_of_its_own() -> None:
    assert windows_of(torch.arange(15), (3, 5), 2).reshape(3, 5).tolist() == [
        [0, 0, 1, 1, 2],
        [0, 0, 1, 1, 2],
        [3, 3, 4, 4, 5],
    ]


def test_windows_follow_the_places_that_an_earlier_step_left() -> None:
    tokens = VisualTokens(torch.zeros(4, 1), (2, 4), (GridPositions(torch.tensor([0, 1, 4, 7])),))
    assert Window(2)(torch.tensor([0.1, 0.9, 0.5, 0.0]), tokens, 4).tolist() == [0, 1, 2, 3]
    assert Window(2)(torch.tensor([0.1, 0.9, 0.5, 0.0]), tokens, 2).tolist() == [1, 2]  # 1.5 and 0.5 places
