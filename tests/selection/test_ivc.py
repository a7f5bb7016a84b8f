import math

import torch

from g2tr.selection.ivc import Ivc
from g2tr.tokens import Places, QueryValues, VisualTokens


def image(best: int, count: int = 10) -> VisualTokens:
    values = torch.zeros(count, 1, 1)
    values[best] = 3.0
    return VisualTokens(torch.zeros(count, 2), (1, count), (QueryValues(torch.ones(1, 1, 1), values),))


def test_coordinates_are_the_places_of_highest_cosine_and_sine() -> None:
    cosine, sine = Ivc(share=0.2, theta=1.0, head_dim=2).coordinates(torch.arange(10))
    by = [sorted(range(10), key=lambda p: -f(p))[:2] for f in (math.cos, math.sin)]
    assert [cosine.tolist(), sine.tolist()] == by == [[0, 6], [8, 2]]


def test_coordinates_and_seeds_stay_and_scores_fill_the_rest() -> None:
    scores = torch.arange(10.0)
    kept = Ivc(share=0.2, seeds=0.1, theta=1.0, head_dim=2)(scores, image(best=4), 7)
    assert kept.tolist() == [0, 2, 4, 6, 7, 8, 9]


def test_a_budget_below_the_protected_ones_takes_cosine_first() -> None:
    assert Ivc(share=0.2, theta=1.0, head_dim=2)(torch.arange(10.0), image(best=4), 3).tolist() == [0, 6, 8]


def test_places_after_an_earlier_reduction_count_not_indices() -> None:
    tokens = image(best=0, count=4).having(Places(torch.tensor([1, 3, 6, 9])))
    assert 2 in Ivc(share=0.25, theta=1.0, head_dim=2)(torch.zeros(4), tokens, 1).tolist()
