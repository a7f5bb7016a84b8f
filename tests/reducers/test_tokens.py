from dataclasses import FrozenInstanceError

import pytest
import torch

from g2tr.reducers.tokens import Anchors, LatentGrid, Reduction, VisualTokens, initial_assignment


def six_tokens() -> VisualTokens:
    return VisualTokens(torch.arange(12.0).reshape(6, 2), (2, 3))


def anchors() -> Anchors:
    return Anchors(torch.ones(1, 2), torch.zeros(6, dtype=torch.long))


def test_a_grid_that_does_not_hold_every_token_is_refused() -> None:
    with pytest.raises(ValueError, match="a 2x2 grid holds 4 tokens, got 6"):
        VisualTokens(torch.zeros(6, 2), (2, 2))


def test_evidence_is_read_by_its_type() -> None:
    evidence = anchors()
    tokens = six_tokens().with_evidence("something else").with_evidence(evidence)
    assert tokens.read(Anchors) is evidence
    assert tokens.read(str) == "something else"


def test_missing_evidence_is_named() -> None:
    with pytest.raises(LookupError, match="no LatentGrid among the evidence"):
        six_tokens().with_evidence(anchors()).read(LatentGrid)


def test_more_evidence_makes_new_tokens_and_leaves_the_old_ones() -> None:
    tokens = six_tokens()
    richer = tokens.with_evidence(anchors())
    assert richer.has(Anchors)
    assert not tokens.has(Anchors)
    assert richer.features is tokens.features


def test_the_nouns_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        six_tokens().seed = 1


def test_homes_point_from_kept_tokens_to_themselves_and_from_others_nowhere() -> None:
    assert initial_assignment(torch.tensor([1, 4]), 6).tolist() == [-1, 0, -1, -1, 1, -1]


def test_sizes_count_the_kept_token_and_all_that_merged_into_it() -> None:
    reduction = Reduction(torch.zeros(3, 2), torch.tensor([0, 2, 5]), torch.tensor([0, 0, 1, 0, -1, 2]))
    assert reduction.sizes.tolist() == [3, 1, 1]


def test_sizes_are_one_each_when_nothing_merged() -> None:
    kept = torch.tensor([0, 5])
    assert Reduction(torch.zeros(2, 2), kept, initial_assignment(kept, 6)).sizes.tolist() == [1, 1]


def test_tokens_that_the_tower_was_spared_count_as_tokens_without_reduction() -> None:
    assert six_tokens().full == 6
    assert VisualTokens(torch.zeros(6, 2), (2, 3), skipped_tokens=18).full == 24
