"""A strategy of one's own that breaks the contract of its stage ends in one line with its class and the rule."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.contract import require_strategy
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.dpp import Dpp
from g2tr.reducers.selection.systematic import Systematic
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Reduction, VisualTokens, initial_assignment

COUNT, K = 64, 32
RISING = torch.arange(K)


class Mine:
    """A strategy of any stage that gives what it is told to give."""

    requires: Any = frozenset()

    def __init__(self, given: object) -> None:
        self.given = given

    def __call__(self, *args: object) -> Any:
        return self.given


def image(dtype: torch.dtype = torch.float32) -> VisualTokens:
    features = torch.randn(COUNT, 16, generator=torch.Generator().manual_seed(0))
    return VisualTokens(features.to(dtype), (8, 8))


def reduced(importance: Any = None, selection: Any = None, merge: Any = None, keep: float = 0.5) -> Reduction:
    return Reducer(importance or Norm(), selection or TopK(), merge or Drop(), keep, min_keep=1)(image())


@pytest.mark.parametrize(
    ("scores", "rule"),
    [
        (torch.ones(COUNT - 1), r"scores must be of shape \(64,\), got \(63,\)"),
        (torch.ones(COUNT, 1), r"scores must be of shape \(64,\), got \(64, 1\)"),
        (torch.arange(COUNT), "scores must be floating point, got torch.int64"),
        (torch.ones(COUNT, device="meta"), "scores must be on device cpu, got meta"),
        ([0.0] * COUNT, "scores must be a tensor, got list"),
        (None, "scores must be a tensor, got NoneType"),
        (torch.ones(COUNT).index_fill(0, torch.tensor([5]), torch.nan), "scores must be numbers, got NaN"),
    ],
)
@pytest.mark.parametrize("selection", [TopK(), Systematic(), Dpp()])
def test_scores_are_a_number_for_each_token(scores: object, rule: str, selection: Any) -> None:
    with pytest.raises(InputError, match=f"^Mine: {rule}$"):
        reduced(importance=Mine(scores), selection=selection)


@pytest.mark.parametrize(
    ("kept", "rule"),
    [
        (RISING[1:], r"kept indices must be of shape \(32,\), got \(31,\)"),
        (RISING.float(), "kept indices must be of type torch.int64, got torch.float32"),
        (RISING > 3, "kept indices must be of type torch.int64, got torch.bool"),
        (RISING.tolist(), "kept indices must be a tensor, got list"),
        (RISING + 33, "kept indices must lie between 0 and 63"),
        (RISING - 1, "kept indices must lie between 0 and 63"),
        (RISING.flip(0), "kept indices must be sorted"),
        (RISING // 2, "kept indices must not repeat"),
    ],
)
@pytest.mark.parametrize("merge", [Drop(), Nearest()])
def test_kept_indices_are_k_of_n_sorted_and_unique(kept: object, rule: str, merge: Any) -> None:
    with pytest.raises(InputError, match=f"^Mine: {rule}$"):
        reduced(selection=Mine(kept), merge=merge)


FEATURES, HOMES = image().features, initial_assignment(RISING, COUNT)


def with_home(token: int, home: int) -> Tensor:
    return HOMES.index_fill(0, torch.tensor([token]), home)


@pytest.mark.parametrize(
    ("reduction", "rule"),
    [
        ((FEATURES, RISING), "a merge must return a Reduction, got tuple"),
        (Reduction(FEATURES[:31], RISING[:31], HOMES), r"merged features must be of shape \(32, 16\), got \(31, 16\)"),
        (
            Reduction(FEATURES[:K, :8], RISING, HOMES),
            r"merged features must be of shape \(32, 16\), got \(32, 8\)",
        ),
        (
            Reduction(FEATURES[:K].double(), RISING, HOMES),
            "merged features must be of type torch.float32, got torch.float64",
        ),
        (Reduction(FEATURES[:K], RISING, HOMES[1:]), r"assignment must be of shape \(64,\), got \(63,\)"),
        (Reduction(FEATURES[:K], RISING, with_home(40, K)), "assignment must lie between -1 and 31"),
        (Reduction(FEATURES[:K], RISING, with_home(40, -2)), "assignment must lie between -1 and 31"),
        (Reduction(FEATURES[:K], RISING, with_home(3, 4)), "kept tokens must be assigned to themselves"),
        (
            Reduction(FEATURES[:K], RISING + 1, initial_assignment(RISING + 1, COUNT)),
            "the kept indices must stay as they were",
        ),
    ],
)
def test_a_merge_gives_k_features_and_every_token_a_home(reduction: object, rule: str) -> None:
    with pytest.raises(InputError, match=f"^Mine: {rule}$"):
        reduced(selection=Mine(RISING), merge=Mine(reduction))


@pytest.mark.parametrize("requires", [(), [Reduction], None, "Scores", frozenset({"Scores"})])
def test_what_is_required_is_a_set_of_types(requires: object) -> None:
    broken = Mine(None)
    broken.requires = requires
    for stages in ((broken, TopK(), Drop()), (Norm(), broken, Drop()), (Norm(), TopK(), broken)):
        with pytest.raises(InputError, match="^Mine: requires must be a frozenset of types of evidence, got "):
            Reducer(*stages)


def test_a_strategy_of_another_stage_and_a_class_are_refused() -> None:
    with pytest.raises(InputError, match=r"^TopK: merge is called with \(tokens, kept\)$"):
        Reducer(Norm(), TopK(), TopK())
    for other in (Norm, "norm", None, Mine.__call__):
        with pytest.raises(
            InputError, match="^importance must be a strategy of that stage, with `requires` and a call, "
        ):
            require_strategy("importance", other)


def test_a_fault_within_a_strategy_that_keeps_the_rules_stays_what_it_is() -> None:
    class Faulty(Mine):
        def __call__(self, *args: object) -> Any:
            raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError, match="a bug"):
        reduced(merge=Faulty(None))


def test_the_first_broken_rule_is_named_where_it_makes_a_later_stage_fail() -> None:
    class Failing(Mine):
        def __call__(self, *args: object) -> Any:
            raise IndexError("too late")

    with pytest.raises(InputError, match="^Mine: scores must be numbers, got NaN$"):
        reduced(importance=Mine(torch.full((COUNT,), torch.nan)), selection=Failing(None))


def test_values_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look from the CPU at a GPU's values waits for all that the GPU has yet to do."""
    looks = []
    for look in ("item", "tolist", "__bool__", "__int__", "cpu"):
        seen = getattr(Tensor, look)
        monkeypatch.setattr(Tensor, look, lambda own, *rest, f=seen, name=look: (looks.append(name), f(own, *rest))[1])
    reduced()
    assert looks == ["tolist"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("keep", [0.5, 1.0])
def test_any_floating_type_comes_back_as_it_was(dtype: torch.dtype, keep: float) -> None:
    reduction = Reducer(Norm(), TopK(), Nearest(), keep, min_keep=1)(image(dtype))
    assert reduction.features.dtype == dtype
    assert reduction.features.isfinite().all()


@pytest.mark.parametrize("keep", [0.5, 1.0])
def test_whole_numbers_are_no_tokens(keep: float) -> None:
    tokens = replace(image())
    object.__setattr__(tokens, "features", torch.ones(COUNT, 16, dtype=torch.int64))
    with pytest.raises(InputError, match="^tokens must be floating point, got torch.int64$"):
        Reducer(Norm(), TopK(), Drop(), keep, min_keep=1)(tokens)
