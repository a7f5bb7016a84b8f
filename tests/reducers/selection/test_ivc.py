import math

import torch

from g2tr.reducers.selection.ivc import Ivc
from g2tr.reducers.tokens import GridPositions, QueryValues, Rotary, VisualTokens


def image(best: int, positions: torch.Tensor) -> VisualTokens:
    count = len(positions)
    values = torch.zeros(count, 1, 1)
    values[best] = 3.0
    evidence = (QueryValues(torch.ones(1, 1, 1), values), Rotary(positions, 1.0, 2))
    return VisualTokens(torch.zeros(count, 2), (1, count), evidence)


def best_by(angles: list[float], count: int) -> list[list[int]]:
    """The indices of highest cosine, and of highest sine."""
    return [sorted(range(len(angles)), key=lambda p: -f(angles[p]))[:count] for f in (math.cos, math.sin)]


def test_coordinates_are_the_places_of_highest_cosine_and_sine() -> None:
    cosine, sine = Ivc(share=0.2).coordinates(Rotary(torch.arange(10), 1.0, 2))
    assert [cosine.tolist(), sine.tolist()] == best_by([float(p) for p in range(10)], 2) == [[0, 6], [8, 2]]


def test_coordinates_follow_the_rotary_positions_of_the_model() -> None:
    cosine, sine = Ivc(share=0.2, theta=9.0, head_dim=4).coordinates(Rotary(torch.arange(3, 13), 1.0, 2))
    assert [cosine.tolist(), sine.tolist()] == best_by([float(p) for p in range(3, 13)], 2) == [[3, 9], [5, 4]]


def test_coordinates_and_seeds_stay_and_scores_fill_the_rest() -> None:
    scores = torch.arange(10.0)
    kept = Ivc(share=0.2, seeds=0.1)(scores, image(4, torch.arange(10)), 7)
    assert kept.tolist() == [0, 2, 4, 6, 7, 8, 9]


def test_a_budget_below_the_protected_ones_takes_cosine_first() -> None:
    assert Ivc(share=0.2)(torch.arange(10.0), image(4, torch.arange(10)), 3).tolist() == [0, 6, 8]


def test_tokens_that_share_a_position_are_told_apart_by_their_places() -> None:
    rule = Ivc(share=0.25, theta=1.0, head_dim=2)
    tokens = image(0, torch.full((4,), 7)).with_evidence(GridPositions(torch.tensor([1, 3, 6, 9])))
    assert 2 in rule(torch.zeros(4), tokens, 1).tolist()


def test_one_token_stays() -> None:
    assert Ivc()(torch.zeros(1), image(0, torch.zeros(1, dtype=torch.long)), 1).tolist() == [0]
