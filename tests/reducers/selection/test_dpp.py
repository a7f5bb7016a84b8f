import json
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from g2tr.reducers.importance.relevance import Relevance
from g2tr.reducers.selection.dpp import Dpp, greedy_map
from g2tr.reducers.tokens import Question, VisualTokens

CASES = json.loads((Path(__file__).parents[2] / "data" / "peers.json").read_text())["cases"]


def tokens_of(features: Tensor) -> VisualTokens:
    return VisualTokens(features, (1, len(features)))


def by_determinants(rows: Tensor, k: int) -> list[int]:
    kernel, picks = (rows @ rows.T).double(), []
    for _ in range(k):
        rest = [i for i in range(len(rows)) if i not in picks]
        picks.append(max(rest, key=lambda i: torch.det(kernel[[*picks, i]][:, [*picks, i]]).item()))
    return sorted(picks)


@pytest.mark.parametrize("case", [case for case in CASES if case["method"].startswith("cdpruner")])
def test_with_relevance_to_the_question_tokens_are_those_of_cdpruner(case: dict[str, Any]) -> None:
    evidence = (Question(torch.tensor(case["question"])),)
    tokens = VisualTokens(torch.tensor(case["features"]), tuple(case["grid"]), evidence)
    scores = Relevance(negated=case["method"] == "cdpruner")(tokens)
    assert Dpp()(scores, tokens, case["k"]).tolist() == case["kept"]


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_every_pick_raises_the_determinant_most(k: int) -> None:
    generator = torch.Generator().manual_seed(0)
    features, scores = torch.randn(14, 10, generator=generator), torch.rand(14, generator=generator)
    scores[:2] = torch.tensor([0.0, 1.0])
    rows = F.normalize(features, dim=-1) * scores[:, None]
    assert Dpp()(scores, tokens_of(features), k).tolist() == by_determinants(rows, k)


def test_two_tokens_of_high_score_that_look_alike_do_not_both_stay() -> None:
    features = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [1.0, 1.0]])
    assert Dpp()(torch.tensor([1.0, 0.9, 0.6, 0.0]), tokens_of(features), 2).tolist() == [0, 2]


def test_once_the_kept_tokens_span_the_rest_the_best_scores_follow() -> None:
    features = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    scores = torch.rand(50, generator=torch.Generator().manual_seed(1))
    assert len(greedy_map(F.normalize(features, dim=-1), 20, 1e-4)) == 3
    spanning = Dpp()(scores, tokens_of(features), 3).tolist()
    others = [i for i in scores.argsort(descending=True).tolist() if i not in spanning]
    assert Dpp()(scores, tokens_of(features), 20).tolist() == sorted([*spanning, *others[:17]])


def test_tokens_of_zeros_fall_back_to_the_scores() -> None:
    assert Dpp()(torch.tensor([0.1, 0.3, 0.2]), tokens_of(torch.zeros(3, 4)), 2).tolist() == [1, 2]


def test_without_tolerance_no_token_is_picked_twice() -> None:
    features = torch.randn(50, 3, generator=torch.Generator().manual_seed(0))
    picks = greedy_map(features, 20, 0.0)
    assert len(picks.unique()) == len(picks)
    assert len(greedy_map(torch.zeros(3, 4), 2, 0.0)) == 0
