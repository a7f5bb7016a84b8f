import torch

from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.tokens import VisualTokens


def test_scores_are_lengths() -> None:
    features = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-5.0, 12.0]])
    assert Norm()(VisualTokens(features, (3, 1))).tolist() == [5.0, 0.0, 13.0]


def test_half_precision_is_scored_in_float32() -> None:
    features = torch.full((2, 64), 60000.0, dtype=torch.float16)
    scores = Norm()(VisualTokens(features, (1, 2)))
    assert scores.dtype == torch.float32
    torch.testing.assert_close(scores, torch.full((2,), 8 * features[0, 0].item()))


def test_nothing_but_the_tokens_is_read() -> None:
    assert Norm().requires == frozenset()
