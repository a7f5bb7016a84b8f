import json
from pathlib import Path

import pytest
import torch

from g2tr.reducers.merge.bipartite import Bipartite
from g2tr.reducers.selection import bipartite
from g2tr.reducers.tokens import VisualTokens

CASES = json.loads((Path(__file__).parents[2] / "data" / "reducers.json").read_text())["cases"]
(TOME,) = (case for case in CASES if case["method"] == "tome")


def tokens_of(count: int) -> VisualTokens:
    return VisualTokens(torch.randn(count, 6, generator=torch.Generator().manual_seed(0)), (1, count))


def test_groups_and_means_are_those_recorded_from_the_official_code() -> None:
    tokens = VisualTokens(torch.tensor(TOME["features"]), tuple(TOME["grid"]))
    kept = bipartite.Bipartite()(torch.zeros(len(tokens.features)), tokens, TOME["k"])
    reduction = Bipartite()(tokens, kept)
    groups = [torch.where(reduction.assignment == home)[0].tolist() for home in range(TOME["k"])]
    assert kept.tolist() == list(range(1, 16, 2))
    assert sorted(groups) == sorted(TOME["groups"])
    means = torch.tensor([TOME["means"][TOME["groups"].index(group)] for group in groups])
    torch.testing.assert_close(reduction.features, means, rtol=0, atol=6e-4)  # recorded to three decimals


@pytest.mark.parametrize("k", [3, 11, 20, 33])
def test_after_its_own_selection_every_token_ends_where_it_was_matched(k: int) -> None:
    tokens = tokens_of(40)
    ends = bipartite.matching(tokens.features, k)
    reduction = Bipartite()(tokens, ends.unique())
    assert reduction.kept[reduction.assignment].equal(ends)
    torch.testing.assert_close((reduction.features * reduction.sizes[:, None]).sum(0), tokens.features.sum(0))


def test_a_surviving_even_token_takes_nobody_in() -> None:
    tokens = tokens_of(40)
    reduction = Bipartite()(tokens, bipartite.Bipartite()(torch.zeros(40), tokens, 30))
    assert reduction.sizes[reduction.kept % 2 == 0].unique().tolist() == [1]


def test_after_another_selection_lost_tokens_join_the_most_similar_kept_one() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    reduction = Bipartite()(VisualTokens(features, (1, 4)), torch.tensor([0, 2]))
    assert reduction.assignment.tolist() == [0, 0, 1, 1]
    torch.testing.assert_close(reduction.features, torch.tensor([[1.0, 0.05], [0.05, 1.0]]))


@pytest.mark.parametrize("chunk", [1, 7])
def test_the_chunk_changes_nothing(chunk: int) -> None:
    tokens, kept = tokens_of(40), torch.arange(0, 40, 3)
    assert Bipartite(chunk)(tokens, kept).assignment.equal(Bipartite()(tokens, kept).assignment)
