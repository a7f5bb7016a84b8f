import pytest
import torch
import torch.nn.functional as F

from g2tr.reducers.importance.feature_uniqueness import FeatureUniqueness
from g2tr.reducers.tokens import VisualTokens


def test_the_score_is_one_minus_the_mean_cosine_to_the_others() -> None:
    features = torch.tensor([[2.0, 0.0], [5.0, 0.0], [0.0, 1.0]])
    scores = FeatureUniqueness()(VisualTokens(features, (1, 3)))
    torch.testing.assert_close(scores, torch.tensor([0.5, 0.5, 1.0]))


@pytest.mark.parametrize("chunk", [1, 7, 30, 31])
def test_it_equals_the_mean_over_all_pairs_whatever_the_chunk(chunk: int) -> None:
    features = torch.randn(30, 16, generator=torch.Generator().manual_seed(0))
    cosines = F.normalize(features, dim=-1) @ F.normalize(features, dim=-1).T
    expected = 1 - (cosines.sum(1) - 1) / 29
    torch.testing.assert_close(FeatureUniqueness(chunk)(VisualTokens(features, (5, 6))), expected)


def test_a_single_token_and_a_token_of_zeros_are_scored() -> None:
    assert FeatureUniqueness()(VisualTokens(torch.ones(1, 3), (1, 1))).tolist() == [1.0]
    assert FeatureUniqueness()(VisualTokens(torch.zeros(2, 3), (1, 2))).tolist() == [1.0, 1.0]


def test_of_two_tokens_each_is_held_to_the_other() -> None:
    features = torch.tensor([[2.0, 0.0], [3.0, 0.0]])
    assert FeatureUniqueness()(VisualTokens(features, (1, 2))).tolist() == [0.0, 0.0]
