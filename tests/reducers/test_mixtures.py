"""What holds for every importance × selection × merge, whichever strategies there are."""

import pkgutil
from collections.abc import Callable
from dataclasses import is_dataclass
from importlib import import_module
from itertools import product
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from g2tr.reducers import importance, merge, selection
from g2tr.reducers.anchors import anchor_cells
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.contextual import Contextual
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.merge.weighted import Weighted
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import (
    Anchors,
    LatentGrid,
    NextAttention,
    NormedStates,
    QueryAttention,
    QueryKeys,
    QueryValues,
    Question,
    Reduction,
    Rotary,
    VisionAttention,
    VisualTokens,
)

GRID, WIDTH = (9, 14), 16
COUNT = GRID[0] * GRID[1]


def strategies(stage: ModuleType) -> list[Callable[[], Any]]:
    modules = [import_module(f"{stage.__name__}.{module.name}") for module in pkgutil.iter_modules(stage.__path__)]
    return [
        strategy
        for module in modules
        for strategy in vars(module).values()
        if is_dataclass(strategy) and hasattr(strategy, "requires") and strategy.__module__ == module.__name__
    ]


def mixtures() -> list["Mixture"]:
    """Every importance with every selection; merges take turns, so that any two strategies meet in some mixture."""
    scores, choices, merges = (strategies(stage) for stage in (importance, selection, merge))
    pairs = product(enumerate(scores), enumerate(choices))
    return [(score, choice, merges[(i + j) % len(merges)]) for (i, score), (j, choice) in pairs]


Mixture = tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]
MIXTURES = mixtures()
every_mixture = pytest.mark.parametrize("mixture", MIXTURES, ids=lambda m: "-".join(stage.__name__ for stage in m))
every_ratio = pytest.mark.parametrize("ratio", [0.001, 0.25, 0.5, 0.9, 1.0])


def reducer_of(mixture: Mixture, ratio: float) -> Reducer:
    return Reducer(*(stage() for stage in mixture), keep_ratio=ratio, min_keep=1)


def image(dtype: torch.dtype = torch.float32) -> VisualTokens:
    generator = torch.Generator().manual_seed(0)
    features, anchors = (torch.randn(n, WIDTH, generator=generator).to(dtype) for n in (COUNT, 35))
    weights = torch.rand(2, COUNT, generator=generator).softmax(-1)
    values = torch.randn(COUNT, 2, 8, generator=generator)
    mean = torch.randn(10, 14, 4, generator=generator)
    attention = (QueryAttention(weights), NextAttention(weights[:1]), VisionAttention(weights))
    latents = (LatentGrid(mean, mean.abs(), lambda patches: patches), Anchors(anchors, anchor_cells(GRID, (5, 7))))
    inside = (QueryValues(values[:2], values), Rotary(torch.arange(7, 7 + COUNT), 1e6, 8))
    states = torch.randn(COUNT, WIDTH, generator=generator)
    asked = (QueryKeys(values[:2], values), NormedStates(states[:2], states), Question(states[:3]))
    evidence = (*latents, *inside, *asked, *attention)
    return VisualTokens(features, GRID, evidence, seed=11)


def assert_equal(a: Reduction, b: Reduction) -> None:
    assert [getattr(a, part).equal(getattr(b, part)) for part in ("kept", "assignment", "features")] == [True] * 3


def test_every_file_of_a_stage_holds_one_strategy() -> None:
    for stage in (importance, selection, merge):
        assert len(strategies(stage)) == len(list(pkgutil.iter_modules(stage.__path__))) >= 2


@every_mixture
@every_ratio
def test_keeps_exactly_its_budget_sorted_and_unique(mixture: Mixture, ratio: float) -> None:
    reduction = reducer_of(mixture, ratio)(image())
    assert len(reduction.features) == len(reduction.kept) == max(1, round(ratio * COUNT))
    assert reduction.kept.equal(reduction.kept.unique(sorted=True))
    assert set(reduction.kept.tolist()) <= set(range(COUNT))


@every_mixture
@every_ratio
def test_kept_tokens_are_their_own_home_and_others_live_in_kept_ones(mixture: Mixture, ratio: float) -> None:
    reduction = reducer_of(mixture, ratio)(image())
    assert reduction.assignment.shape == (COUNT,)
    assert reduction.assignment[reduction.kept].equal(torch.arange(len(reduction.kept)))
    assert set(reduction.assignment.tolist()) <= set(range(-1, len(reduction.kept)))


@every_mixture
def test_keeping_all_is_the_identity_and_reads_no_evidence(mixture: Mixture) -> None:
    reducer, tokens = reducer_of(mixture, 1.0), image()
    bare = VisualTokens(tokens.features, GRID)
    assert reducer.requires == frozenset()
    assert_equal(reducer(bare), Reduction(tokens.features, torch.arange(COUNT), torch.arange(COUNT)))


@every_mixture
def test_equal_tokens_merge_to_themselves_or_add_up(mixture: Mixture) -> None:
    tokens = image()
    equal = VisualTokens(torch.arange(1.0, WIDTH + 1).repeat(COUNT, 1), GRID, tokens.evidence)
    reduction, before = reducer_of(mixture, 0.25)(equal), equal.features[:32]
    if mixture[2] in (Contextual, Weighted):
        torch.testing.assert_close(F.normalize(reduction.features, dim=-1), F.normalize(before, dim=-1))
    else:
        assert reduction.features.equal(before)


@every_mixture
def test_float64_tokens_keep_their_type_and_the_choice_of_float32(mixture: Mixture) -> None:
    single, double = (reducer_of(mixture, 0.25)(image(dtype)) for dtype in (torch.float32, torch.float64))
    assert double.features.dtype == torch.float64
    assert double.kept.equal(single.kept)
    assert double.assignment.equal(single.assignment)
    torch.testing.assert_close(double.features.float(), single.features)


@every_mixture
@every_ratio
def test_the_reduction_is_free_of_gradient(mixture: Mixture, ratio: float) -> None:
    tokens = image()
    tokens.features.requires_grad_()
    assert not reducer_of(mixture, ratio)(tokens).features.requires_grad


@every_mixture
def test_the_tokens_themselves_stay_as_they_were(mixture: Mixture) -> None:
    tokens, untouched = image(), image()
    reducer_of(mixture, 0.25)(tokens)
    assert tokens.features.equal(untouched.features)
    assert tokens.read(Anchors).features.equal(untouched.read(Anchors).features)


@every_mixture
def test_repeated_calls_give_the_same(mixture: Mixture) -> None:
    first = reducer_of(mixture, 0.25)(image())
    torch.rand(3)
    assert_equal(reducer_of(mixture, 0.25)(image()), first)


@every_mixture
@every_ratio
def test_bfloat16_gives_float32_scores_and_bfloat16_features(mixture: Mixture, ratio: float) -> None:
    reducer, tokens = reducer_of(mixture, ratio), image(torch.bfloat16)
    scores = reducer.importance(tokens)
    assert scores.dtype == torch.float32
    assert scores.isfinite().all()
    assert reducer(tokens).features.dtype == torch.bfloat16


def permuted(tokens: VisualTokens, order: Tensor) -> VisualTokens:
    anchors = tokens.read(Anchors)
    return VisualTokens(tokens.features[order], GRID, (Anchors(anchors.features, anchors.cells[order]),), tokens.seed)


@pytest.mark.parametrize("stages", list(product((Latent, Norm), (Balanced, TopK), (Drop, Nearest))))
@pytest.mark.parametrize("ratio", [0.1, 0.25, 0.5])
def test_permuting_the_tokens_permutes_the_choice(stages: Mixture, ratio: float) -> None:
    order = torch.randperm(COUNT, generator=torch.Generator().manual_seed(5))
    reducer, tokens = reducer_of(stages, ratio), image()
    before, after = reducer(tokens), reducer(permuted(tokens, order))
    assert order[after.kept].sort().values.equal(before.kept)
    assert home_tokens(after, order)[order.argsort()].equal(home_tokens(before, torch.arange(COUNT)))


def home_tokens(reduction: Reduction, names: Tensor) -> Tensor:
    """For each token the name of the one in which it ended, -1 where it was dropped."""
    return torch.where(reduction.assignment < 0, -1, names[reduction.kept][reduction.assignment.clamp(min=0)])
