import pytest
import torch

from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import VisualTokens


def chosen(scores: list[float], k: int) -> list[int]:
    tokens = VisualTokens(torch.zeros(len(scores), 1), (1, len(scores)))
    return TopK()(torch.tensor(scores), tokens, k).tolist()


def test_the_highest_scores_stay_in_raster_order() -> None:
    assert chosen([0.1, 0.9, -0.5, 0.8, 0.3], 3) == [1, 3, 4]


@pytest.mark.parametrize("k", range(1, 6))
def test_equal_scores_go_to_the_lower_index(k: int) -> None:
    assert chosen([0.5] * 6, k) == list(range(k))


def test_a_tie_at_the_border_is_cut_at_the_lower_index() -> None:
    assert chosen([0.5, 0.9, 0.5, 0.5], 2) == [0, 1]


def test_no_better_set_of_that_size_exists() -> None:
    scores = torch.randn(500, generator=torch.Generator().manual_seed(0)).tolist()
    kept = chosen(scores, 77)
    assert len(set(kept)) == 77
    assert min(scores[i] for i in kept) > max(scores[i] for i in set(range(500)) - set(kept))
