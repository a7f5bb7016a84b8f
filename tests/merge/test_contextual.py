import torch

from g2tr.merge.contextual import Contextual
from g2tr.merge.nearest import Nearest
from g2tr.tokens import VisualTokens

FEATURES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [8.0, 1.0], [4.0, 0.0], [0.0, 3.0]])
TOKENS = VisualTokens(FEATURES, (1, 5))
KEPT = torch.tensor([0, 1])


def test_the_published_merge_adds_the_mean_of_those_that_join() -> None:
    reduction = Contextual(scale=1.0)(TOKENS, KEPT)
    assert reduction.homes.tolist() == [0, 1, 0, 0, 1]
    assert reduction.features.tolist() == [[7.0, 0.5], [0.0, 4.0]]


def test_half_of_it_is_the_default() -> None:
    assert Contextual()(TOKENS, KEPT).features.tolist() == [[3.5, 0.25], [0.0, 2.0]]


def test_a_token_that_nobody_joins_stays_as_it_was() -> None:
    reduction = Contextual(scale=1.0)(TOKENS, torch.tensor([0, 1, 2, 4]))
    assert reduction.features[1:].tolist() == [[0.0, 1.0], [8.0, 1.0], [0.0, 3.0]]


def test_homes_are_those_of_nearest_whatever_the_chunk() -> None:
    tokens = VisualTokens(torch.randn(40, 8, generator=torch.Generator().manual_seed(0)), (5, 8))
    kept = torch.arange(0, 40, 3)
    assert Contextual()(tokens, kept).homes.equal(Nearest()(tokens, kept).homes)
    torch.testing.assert_close(Contextual(chunk=7)(tokens, kept).features, Contextual()(tokens, kept).features)
