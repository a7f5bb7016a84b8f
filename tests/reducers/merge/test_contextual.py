import json
from pathlib import Path

import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.merge.contextual import Contextual
from g2tr.reducers.selection.dominant import Dominant
from g2tr.reducers.tokens import Reduction, Scores, VisualTokens

CASES = json.loads((Path(__file__).parents[2] / "data" / "reducers.json").read_text())["cases"]
(VISIONZIP,) = (case for case in CASES if case["method"] == "visionzip")
FEATURES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [8.0, 1.0], [4.0, 0.0], [0.0, 3.0]])
SCORES = Scores(torch.tensor([0.1, 0.1, 0.9, 0.0, 0.0]))
TOKENS = VisualTokens(FEATURES, (1, 5), (SCORES,))


def reduced(scale: float = 1.0, kept: tuple[int, ...] = (0, 1, 2), share: float = 0.3) -> Reduction:
    return Contextual(share, scale)(TOKENS, torch.tensor(kept))


def test_dominant_tokens_stay_untouched_as_recorded_from_the_official_code() -> None:
    features, scores = torch.tensor(VISIONZIP["features"]), torch.tensor(VISIONZIP["scores"])
    tokens = VisualTokens(features, tuple(VISIONZIP["grid"]), (Scores(scores),))
    kept = Dominant()(scores, tokens, VISIONZIP["k"])
    reduction = Contextual()(tokens, kept)
    dominant = torch.isin(kept, torch.tensor(VISIONZIP["dominant"]))
    assert kept[dominant].tolist() == VISIONZIP["dominant"]
    assert reduction.features[dominant].equal(features[kept[dominant]])
    others = [i for i in range(16) if i not in kept]
    target = int(kept[~dominant])
    assert reduction.assignment[others].unique().tolist() == [kept.tolist().index(target)]
    torch.testing.assert_close(reduction.features[~dominant][0], features[target] + features[others].mean(0))


def test_tokens_join_contextual_ones_alone_which_add_the_mean() -> None:
    assert reduced().assignment.tolist() == [0, 1, 2, 0, 1]  # 3 is most like the dominant 2, or 0: 0 takes it in
    assert reduced().features.tolist() == [[5.0, 0.0], [0.0, 4.0], [8.0, 1.0]]


def test_half_of_it_is_a_mean_of_token_and_context() -> None:
    assert reduced(scale=0.5).features.tolist() == [[2.5, 0.0], [0.0, 2.0], [8.0, 1.0]]


def test_a_contextual_token_that_nobody_joins_stays_as_it_was() -> None:
    assert reduced(0.5, (0, 1, 2, 4), 0.25).features.tolist() == [[2.5, 0.0], [0.0, 1.0], [8.0, 1.0], [0.0, 3.0]]


def test_where_all_are_dominant_nobody_is_merged() -> None:
    reduction = reduced(share=1.0)
    assert reduction.assignment.tolist() == [0, 1, 2, -1, -1]
    assert reduction.features.equal(FEATURES[:3])


def test_of_equal_scores_the_lower_index_is_dominant() -> None:
    assert Contextual(0.5).contextual(torch.ones(4)).tolist() == [2, 3]
    assert Contextual(0.25).contextual(torch.tensor([0.0, 1.0, 1.0, 0.0])).tolist() == [0, 2, 3]


@pytest.mark.parametrize("chunk", [1, 7])
def test_the_chunk_changes_nothing(chunk: int) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = Scores(torch.rand(40, generator=generator))
    tokens = VisualTokens(torch.randn(40, 8, generator=generator), (5, 8), (scores,))
    kept = torch.arange(0, 40, 3)
    whole, parts = Contextual(0.5)(tokens, kept), Contextual(0.5, chunk=chunk)(tokens, kept)
    assert parts.assignment.equal(whole.assignment)
    torch.testing.assert_close(parts.features, whole.features)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_outside_zero_to_one_is_refused(share: float) -> None:
    with pytest.raises(InputError, match=r"merge\.share must lie between 0 and 1"):
        Contextual(share)
