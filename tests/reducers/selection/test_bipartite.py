import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from g2tr.reducers.selection.bipartite import Bipartite, matching
from g2tr.reducers.tokens import VisualTokens

ANGLES = torch.tensor([5.0, 0.0, 50.0, 90.0, 170.0, 180.0]).deg2rad()
TOKENS = VisualTokens(torch.stack([ANGLES.cos(), ANGLES.sin()], dim=-1), (1, 6))


def test_even_tokens_with_the_closest_match_among_odd_ones_leave_first() -> None:
    kept = [Bipartite()(torch.zeros(6), TOKENS, k).tolist() for k in (6, 5, 4, 3)]
    assert kept == [[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5], [1, 2, 3, 5], [1, 3, 5]]


def test_a_second_round_compares_what_the_first_has_merged() -> None:
    # means at about 2.5°, 70° and 175° of the survivors 1, 3 and 5: numbers 0 and 2 of the row leave, both into 3
    assert matching(TOKENS.features, 3).tolist() == [1, 1, 3, 3, 5, 5]
    assert matching(TOKENS.features, 2).tolist() == [3, 3, 3, 3, 5, 5]
    assert matching(TOKENS.features, 1).tolist() == [5] * 6


def one_round(
    features: Tensor, sizes: Tensor, ends: list[list[int]], leaving: int
) -> tuple[Tensor, Tensor, list[list[int]]]:
    """The published rule token by token: even ones leave into odd ones, merged tokens weigh by what they hold."""
    unit = F.normalize(features, dim=-1)
    a, b = range(0, len(features), 2), range(1, len(features), 2)
    best = {i: max(b, key=lambda j: (unit[i] @ unit[j]).item()) for i in a}
    gone = sorted(a, key=lambda i: -(unit[i] @ unit[best[i]]).item())[:leaving]
    sums, counts, groups = features * sizes[:, None], sizes.clone(), [list(group) for group in ends]
    for i in gone:
        sums[best[i]] += features[i] * sizes[i]
        counts[best[i]] += sizes[i]
        groups[best[i]] += groups[i]
    stay = [i for i in range(len(features)) if i not in gone]
    return sums[stay] / counts[stay, None], counts[stay], [groups[i] for i in stay]


@pytest.mark.parametrize("count, k", [(40, 20), (40, 31), (41, 21), (41, 9), (60, 7), (60, 1)])
def test_the_groups_are_those_of_the_published_rule(count: int, k: int) -> None:
    features = torch.randn(count, 6, generator=torch.Generator().manual_seed(0))
    means, sizes, groups = features.double(), torch.ones(count).double(), [[i] for i in range(count)]
    while len(means) > k:
        means, sizes, groups = one_round(means, sizes, groups, min(len(means) - k, len(means) // 2))
    ends = matching(features, k)
    found = [sorted(torch.where(ends == end)[0].tolist()) for end in ends.unique()]
    assert sorted(found) == sorted(sorted(group) for group in groups)


@pytest.mark.parametrize("chunk", [1, 7, 64])
@pytest.mark.parametrize("k", [1, 9, 30, 59])
def test_the_budget_is_exact_whatever_the_chunk(k: int, chunk: int) -> None:
    tokens = VisualTokens(torch.randn(60, 8, generator=torch.Generator().manual_seed(0)), (6, 10))
    kept = Bipartite(chunk)(torch.zeros(60), tokens, k)
    assert len(kept) == k
    assert kept.equal(Bipartite()(torch.zeros(60), tokens, k))
