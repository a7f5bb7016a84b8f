import pickle
from dataclasses import replace

import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.anchors import AnchorRule, anchor_cells
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.random import Random
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.stages import Importance, Merge, Selection
from g2tr.reducers.tokens import Anchors, Grid, LatentGrid, Reduction, VisualTokens


def plain(keep_ratio: float = 0.5, min_keep: int = 32) -> Reducer:
    return Reducer(Norm(), TopK(), Drop(), keep_ratio, min_keep)


def released(keep_ratio: float = 0.5, min_keep: int = 1) -> Reducer:
    return Reducer(Latent(), Balanced(), Nearest(), keep_ratio, min_keep)


def image(seed: int = 0) -> VisualTokens:
    generator = torch.Generator().manual_seed(0)
    weight, mean = torch.randn(24, 8, generator=generator), torch.randn(5, 6, 8, generator=generator)
    latent = LatentGrid(mean, torch.ones_like(mean), lambda patches: patches @ weight.T)
    return VisualTokens(torch.randn(63, 24, generator=generator), (7, 9), (latent,), seed)


@pytest.mark.parametrize("count, ratio, k", [(4900, 0.5, 2450), (3150, 0.5, 1575), (256, 0.5, 128), (1000, 0.29, 290)])
def test_the_budget_is_the_share_of_the_tokens(count: int, ratio: float, k: int) -> None:
    assert plain(ratio).budget(count) == k


@pytest.mark.parametrize("count, ratio, k", [(225, 0.5, 112), (227, 0.5, 114), (225, 0.1, 22), (235, 0.1, 24)])
def test_half_tokens_round_to_even(count: int, ratio: float, k: int) -> None:
    assert plain(ratio, min_keep=1).budget(count) == k


def test_small_images_keep_at_least_the_minimum_and_never_more_than_they_have() -> None:
    assert [plain(0.25).budget(count) for count in (1, 31, 32, 100, 128, 132)] == [1, 31, 32, 32, 32, 33]
    assert plain(0.001, min_keep=1).budget(10) == 1


@pytest.mark.parametrize("ratio", [0.0, -0.5, 1.0001, float("nan"), float("inf")])
def test_a_ratio_outside_zero_to_one_is_refused(ratio: float) -> None:
    with pytest.raises(InputError, match="keep_ratio must be a number above 0 and at most 1, got"):
        plain(ratio)


@pytest.mark.parametrize("min_keep", [0, -1, True])
def test_a_minimum_that_is_no_whole_number_above_zero_is_refused(min_keep: int) -> None:
    with pytest.raises(InputError, match="min_keep must be a whole number of at least 1, got"):
        plain(min_keep=min_keep)


def test_a_model_is_asked_for_latents_where_a_stage_reads_anchors() -> None:
    assert released().stage_requires == {Anchors}
    assert released().requires == {LatentGrid}
    assert Reducer(Random(), Balanced(), Drop()).requires == {LatentGrid}


def test_a_model_is_asked_for_nothing_that_no_stage_reads() -> None:
    assert plain().requires == frozenset()
    assert released(1.0).requires == frozenset()


def test_the_stages_run_in_turn() -> None:
    tokens, reducer = image(), released()
    anchored = tokens.with_evidence(AnchorRule()(tokens.read(LatentGrid), tokens.grid))
    kept = Balanced()(Latent()(anchored), anchored, 32)
    expected, reduction = Nearest()(anchored, kept), reducer(tokens)
    assert reduction.kept.equal(kept)
    assert reduction.assignment.equal(expected.assignment)
    assert reduction.features.equal(expected.features)


def test_given_anchors_are_taken_as_they_are() -> None:
    tokens = image()
    anchors = Anchors(torch.randn(4, 24, generator=torch.Generator().manual_seed(9)), anchor_cells((7, 9), (2, 2)))
    given = VisualTokens(tokens.features, tokens.grid, (*tokens.evidence, anchors))
    assert released().anchored(given) is given
    assert not released()(given).kept.equal(released()(tokens).kept)


def test_anchors_are_made_by_the_rule_of_the_reducer() -> None:
    rule = AnchorRule(pool=3)
    anchors = Reducer(Latent(), TopK(), Drop(), anchors=rule).anchored(image()).read(Anchors)
    assert len(anchors.features) == 4


def test_sampled_anchors_follow_the_seed_of_the_image() -> None:
    reducer = Reducer(Latent(), TopK(), Drop(), 0.5, 1, AnchorRule(sample=True))
    assert reducer(image(1)).kept.equal(reducer(image(1)).kept)
    assert not reducer(image(1)).kept.equal(reducer(image(2)).kept)


def test_missing_evidence_is_named() -> None:
    with pytest.raises(LookupError, match="no LatentGrid among the evidence"):
        released()(VisualTokens(torch.zeros(63, 24), (7, 9)))


def test_an_image_within_the_minimum_passes_through_without_evidence() -> None:
    tokens = VisualTokens(torch.randn(30, 4), (5, 6))
    reduction = released(0.5, min_keep=32)(tokens)
    assert reduction.features.equal(tokens.features)
    assert reduction.assignment.tolist() == reduction.kept.tolist() == list(range(30))


def test_a_callers_autocast_changes_nothing() -> None:
    tokens = image()
    plainly = released()(tokens)
    with torch.autocast("cpu", torch.bfloat16):
        reduction = released()(tokens)
    assert reduction.kept.equal(plainly.kept)
    assert reduction.assignment.equal(plainly.assignment)
    assert reduction.features.equal(plainly.features)


def test_strategies_are_values_that_fulfil_the_protocols() -> None:
    for strategy, protocol in [(Latent(), Importance), (Balanced(), Selection), (Nearest(), Merge)]:
        assert isinstance(strategy, protocol)
        assert strategy == type(strategy)()


def test_a_reducer_travels_to_other_processes() -> None:
    reducer = released(0.25)
    copy = pickle.loads(pickle.dumps(reducer))
    assert copy == reducer
    assert copy(image()).features.equal(reducer(image()).features)


def test_a_stage_of_ones_own_needs_no_base_class() -> None:
    class First:
        requires: frozenset[type] = frozenset()

        def __call__(self, tokens: VisualTokens) -> torch.Tensor:
            return -torch.arange(float(len(tokens.features)))

    reduction: Reduction = Reducer(First(), TopK(), Drop(), 0.5, 1)(image())
    assert reduction.kept.tolist() == list(range(32))


def test_nothing_is_read_of_an_image_of_which_every_token_stays() -> None:
    reducer = replace(released(), min_keep=64)
    assert reducer.required_for((8, 8)) == frozenset()
    assert reducer.required_for((8, 9)) == {LatentGrid}
    assert replace(reducer, downsample=True).required_for((8, 9)) == frozenset()


@pytest.mark.parametrize(("grid", "seen"), [((8, 16), (4, 8)), ((16, 8), (8, 4))])
def test_a_smaller_picture_has_the_shape_of_the_image_and_the_budget_of_its_tokens(grid: Grid, seen: Grid) -> None:
    reducer = Reducer(Norm(), TopK(), Drop(), keep_ratio=0.25)
    assert reducer.target_grid(grid) == grid
    assert replace(reducer, downsample=True).target_grid(grid) == seen
