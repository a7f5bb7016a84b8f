import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.importance.feature_contrast import FeatureContrast
from g2tr.reducers.tokens import GridPositions, VisualTokens


def test_the_score_is_the_norm_of_a_feature_minus_its_neighbourhood() -> None:
    features = torch.zeros(49, 2)
    features[24] = torch.tensor([15.0, 20.0])
    scores = FeatureContrast()(VisualTokens(features, (7, 7))).reshape(7, 7)
    assert scores[3, 3].item() == pytest.approx(24 / 25 * 25)
    assert scores[1, 3].item() == pytest.approx(25 / 20)
    assert scores[0, 3].item() == 0


def test_only_neighbours_that_are_still_there_count() -> None:
    features = torch.tensor([[2.0, 0.0], [4.0, 0.0], [9.0, 0.0]])
    tokens = VisualTokens(features, (4, 6), (GridPositions(torch.tensor([0, 1, 23])),))
    torch.testing.assert_close(FeatureContrast(window=3)(tokens), torch.tensor([1.0, 1.0, 0.0]))


def test_half_precision_is_scored_in_float32() -> None:
    features = torch.randn(12, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    scores = FeatureContrast()(VisualTokens(features, (3, 4)))
    assert scores.equal(FeatureContrast()(VisualTokens(features.float(), (3, 4))))


def test_an_even_window_is_refused() -> None:
    with pytest.raises(InputError, match="window"):
        FeatureContrast(window=2)
