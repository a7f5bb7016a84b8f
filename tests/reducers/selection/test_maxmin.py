import pytest
import torch
from torch import Tensor

from g2tr.reducers.gram import Gram
from g2tr.reducers.selection.maxmin import MaxMin, isolation, unit_range
from g2tr.reducers.tokens import VisualTokens


def at_angles(*degrees: float) -> Tensor:
    angles = torch.tensor(degrees).deg2rad()
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def chosen(features: Tensor, k: int, scores: Tensor | None = None, exponent: float = 0.0) -> list[int]:
    scores = torch.zeros(len(features)) if scores is None else scores
    return MaxMin(exponent)(scores, VisualTokens(features, (1, len(features))), k).tolist()


def by_definition(features: Tensor, k: int) -> list[int]:
    unit = features / features.norm(dim=-1, keepdim=True)
    distances = 1 - unit @ unit.T
    picks = [int((distances + torch.eye(len(unit)) * 9).min(0).values.argmax())]
    while len(picks) < k:
        nearest = distances[picks].min(0).values
        nearest[picks] = -1
        picks.append(int(nearest.argmax()))
    return sorted(picks)


def test_the_most_isolated_is_first_then_the_farthest_from_all_kept() -> None:
    features = at_angles(0, 5, 100, 110, 50)
    assert [chosen(features, k) for k in (1, 2, 3, 4)] == [[4], [3, 4], [0, 3, 4], [0, 2, 3, 4]]


@pytest.mark.parametrize("k", [1, 2, 10, 59, 60])
def test_the_running_minimum_gives_what_the_definition_gives(k: int) -> None:
    features = torch.randn(60, 8, generator=torch.Generator().manual_seed(0))
    assert chosen(features, k) == by_definition(features, k)


def test_lengths_and_scores_do_not_matter_at_exponent_zero() -> None:
    features = torch.randn(30, 8, generator=torch.Generator().manual_seed(1))
    scaled = features * torch.arange(1.0, 31.0)[:, None]
    assert chosen(features, 9) == chosen(scaled, 9, torch.arange(30.0))


def test_an_exponent_weighs_distance_by_the_score() -> None:
    features = at_angles(0, 60, 120, 180)
    scores = torch.tensor([1.0, 0.1, 0.8, 0.0])
    assert chosen(features, 2, scores, 1.0) == [0, 2]  # 1.5 · 0.8 beats 2 · 0
    assert chosen(features, 3, scores, 1.0) == [0, 1, 2]


def test_equal_tokens_go_to_the_lower_index() -> None:
    assert chosen(torch.ones(5, 2), 3) == [0, 1, 2]


def test_isolation_does_not_depend_on_the_chunk() -> None:
    directions = at_angles(0, 60, 90, 180)
    for cosines in (Gram.of(directions, 4), Gram.of(directions, 0)):
        torch.testing.assert_close(isolation(cosines, 3), isolation(cosines, 99))
        torch.testing.assert_close(isolation(cosines, 3), 1 - at_angles(60, 30, 30, 90)[:, 0])


def test_scores_are_brought_to_the_unit_range_and_equal_ones_to_one() -> None:
    assert unit_range(torch.tensor([-2.0, 2.0, 0.0])).tolist() == [0.0, 1.0, 0.5]
    assert unit_range(torch.tensor([3.0, 3.0])).tolist() == [1.0, 1.0]
