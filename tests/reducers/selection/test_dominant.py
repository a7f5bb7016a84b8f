import torch

from g2tr.reducers.selection.dominant import Dominant
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import VisualTokens

TOKENS = VisualTokens(torch.zeros(12, 1), (3, 4))
SCORES = torch.tensor([0.0, 9.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0])


def test_the_best_stay_and_others_evenly_spaced() -> None:
    # three dominant: 1, 4, 11; of the other nine, numbers 0, 3 and 6
    assert Dominant(0.5)(SCORES, TOKENS, 6).tolist() == [0, 1, 4, 5, 8, 11]


def test_the_default_share_leaves_a_sixth_for_context() -> None:
    scores, tokens = (
        torch.rand(400, generator=torch.Generator().manual_seed(0)),
        VisualTokens(torch.zeros(400, 1), (20, 20)),
    )
    kept = Dominant()(scores, tokens, 64)
    assert set(TopK()(scores, tokens, 54).tolist()) <= set(kept.tolist())
    assert len(kept) == 64


def test_a_share_of_one_is_top_k() -> None:
    assert Dominant(1.0)(SCORES, TOKENS, 5).equal(TopK()(SCORES, TOKENS, 5))
