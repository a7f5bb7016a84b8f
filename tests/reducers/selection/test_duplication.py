import pytest
import torch

from g2tr.reducers.selection.duplication import Duplication
from g2tr.reducers.tokens import VisualTokens

ANGLES = torch.tensor([0.0, 90.0, 10.0, 80.0, 45.0, 170.0, 30.0]).deg2rad()
TOKENS = VisualTokens(torch.stack([ANGLES.cos(), ANGLES.sin()], dim=-1), (1, 7))
SCORES = torch.tensor([9.0, 8.0, 1.0, 1.0, 1.0, 1.0, 1.0])


def test_each_pivot_in_turn_takes_the_free_tokens_least_like_it() -> None:
    rule = Duplication(pivots=2)
    assert rule(SCORES, TOKENS, 3).tolist() == [0, 1, 5]  # 170° for the pivot at 0°
    assert rule(SCORES, TOKENS, 4).tolist() == [0, 1, 2, 5]  # then 10° for the pivot at 90°, 170° being taken
    assert rule(SCORES, TOKENS, 5).tolist() == [0, 1, 2, 3, 5]  # two for the first pivot: 170° and 80°
    assert rule(SCORES, TOKENS, 7).tolist() == list(range(7))


def test_with_fewer_places_than_pivots_the_best_pivots_stay() -> None:
    assert Duplication()(SCORES, TOKENS, 2).tolist() == [0, 1]


@pytest.mark.parametrize("k", range(1, 50, 7))
def test_the_budget_is_exact(k: int) -> None:
    generator = torch.Generator().manual_seed(0)
    tokens = VisualTokens(torch.randn(50, 6, generator=generator), (5, 10))
    assert len(Duplication()(torch.rand(50, generator=generator), tokens, k)) == k


def test_there_are_eight_pivots_by_default() -> None:
    tokens = VisualTokens(torch.tensor([[1.0, 0.0]] * 9 + [[-1.0, 0.0]]), (1, 10))
    scores = torch.arange(10.0, 0.0, -1.0)
    assert Duplication()(scores, tokens, 8).tolist() == [*range(8)]
    assert Duplication()(scores, tokens, 9).tolist() == [*range(8), 9]
