import pytest
import torch
import torch.nn.functional as F

from g2tr.merge.nearest import Nearest
from g2tr.selection.bipartite import Bipartite
from g2tr.tokens import VisualTokens

ANGLES = torch.tensor([0.0, 5.0, 90.0, 50.0, 180.0, 170.0]).deg2rad()
TOKENS = VisualTokens(torch.stack([ANGLES.cos(), ANGLES.sin()], dim=-1), (1, 6))


def test_odd_tokens_with_the_closest_match_among_even_ones_leave_first() -> None:
    rule = Bipartite()
    assert [rule(torch.zeros(6), TOKENS, k).tolist() for k in (5, 4, 3)] == [[0, 2, 3, 4, 5], [0, 2, 3, 4], [0, 2, 4]]


def test_a_second_round_halves_the_survivors() -> None:
    assert Bipartite()(torch.zeros(6), TOKENS, 2).tolist() == [0, 4]  # of 0°, 90°, 180° the middle one is odd


def test_half_with_merge_nearest_is_one_call_of_tome() -> None:
    features = torch.randn(40, 8, generator=torch.Generator().manual_seed(0))
    tokens = VisualTokens(features, (5, 8))
    reduction = Nearest()(tokens, Bipartite()(torch.zeros(40), tokens, 20))
    a, b = features[1::2], features[::2]
    target = (F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).T).argmax(1)
    sums = b.clone().index_add_(0, target, a)
    torch.testing.assert_close(reduction.features, sums / (target.bincount(minlength=20) + 1)[:, None])


@pytest.mark.parametrize("chunk", [1, 7, 64])
@pytest.mark.parametrize("k", [1, 9, 30, 59])
def test_the_budget_is_exact_whatever_the_chunk(k: int, chunk: int) -> None:
    tokens = VisualTokens(torch.randn(60, 8, generator=torch.Generator().manual_seed(0)), (6, 10))
    kept = Bipartite(chunk)(torch.zeros(60), tokens, k)
    assert len(kept) == k
    assert kept.equal(Bipartite()(torch.zeros(60), tokens, k))
