import torch

from g2tr.reducers.selection.outliers import Outliers, quartiles
from g2tr.reducers.tokens import VisualTokens


def chosen(scores: list[float], k: int, reach: float = 1.5) -> list[int]:
    tokens = VisualTokens(torch.zeros(len(scores), 1), (1, len(scores)))
    return Outliers(reach)(torch.tensor(scores), tokens, k).tolist()


def test_quartiles_are_linear_between_ranks() -> None:
    assert [q.item() for q in quartiles(torch.tensor([4.0, 1.0, 2.0, 3.0]))] == [1.75, 3.25]


def test_outliers_stay_and_the_rest_is_an_even_sample() -> None:
    scores = [1.0, 2.0, 1.0, 2.0, 50.0, 1.0, 2.0, 1.0, 2.0]
    assert chosen(scores, 1) == [4]
    assert chosen(scores, 3) == [1, 4, 6]
    assert chosen(scores, 5) == [0, 2, 4, 5, 7]


def test_of_more_outliers_than_places_the_best_stay() -> None:
    scores = [1.0, 1.0, 30.0, 1.0, 20.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 40.0]
    assert chosen(scores, 2) == [2, 11]


def test_equal_scores_have_no_outliers_and_are_spaced_evenly() -> None:
    assert chosen([1.0] * 8, 2) == [1, 5]
    assert chosen([1.0] * 6, 6) == list(range(6))


def test_a_longer_reach_finds_fewer_outliers() -> None:
    scores = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 14.0]
    assert 7 in chosen(scores, 1, reach=1.0)
    assert chosen(scores, 1, reach=3.0) == [3]


def test_the_reach_is_that_of_a_box_plot() -> None:
    tokens = VisualTokens(torch.zeros(8, 1), (1, 8))
    for last, kept in ((10.4, 3), (10.6, 7)):  # the upper quartile is 5.25, half of the tokens lie within 3.5
        assert Outliers()(torch.tensor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, last]), tokens, 1).tolist() == [kept]
