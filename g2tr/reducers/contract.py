"""What the three stages promise one another: a strategy of one's own that breaks a rule is named with the rule."""

import inspect
from collections.abc import Set
from contextlib import AbstractContextManager

import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Reduction, VisualTokens

CALLS = {"importance": ("tokens",), "selection": ("scores", "tokens", "k"), "merge": ("tokens", "kept")}


def require_strategy(stage: str, strategy: object) -> None:
    """Raises `InputError` for what cannot be a strategy of this stage."""
    requires = getattr(strategy, "requires", None)
    if isinstance(strategy, type) or not callable(strategy) or not hasattr(strategy, "requires"):
        raise InputError(f"{stage} must be a strategy of that stage, with `requires` and a call, got {strategy!r}")
    if not isinstance(requires, Set) or not all(isinstance(kind, type) for kind in requires):
        raise InputError(f"{name_of(strategy)}: requires must be a frozenset of types of evidence, got {requires!r}")
    try:
        inspect.signature(strategy).bind(*CALLS[stage])
    except TypeError:
        raise InputError(f"{name_of(strategy)}: {stage} is called with ({', '.join(CALLS[stage])})") from None


class Contract(AbstractContextManager["Contract"]):
    """The rules for an image of n tokens of which k stay, as a context around the calls of the stages.

    Types and shapes are checked at once, values when the context ends, all in one, so that a GPU is waited for once;
    of several broken rules the first is named. Raises `InputError`.
    """

    def __init__(self, tokens: VisualTokens, k: int) -> None:
        self.features, self.k = tokens.features, k
        self.broken: dict[str, Tensor] = {}  # each rule of values, and whether it is broken

    def scores(self, stage: object, given: object) -> Tensor:
        """What an importance made: a number for each token."""
        scores = self.checked(stage, "scores", given, (len(self.features),))
        if not scores.is_floating_point():
            raise InputError(f"{name_of(stage)}: scores must be floating point, got {scores.dtype}")
        self.broken[f"{name_of(stage)}: scores must be numbers, got NaN"] = scores.isnan().any()
        return scores

    def kept(self, stage: object, given: object) -> Tensor:
        """What a selection made: k indices, brought into range, since one beyond it would end a GPU's process."""
        kept = self.checked(stage, "kept indices", given, (self.k,), torch.int64)
        last, rule = len(self.features) - 1, f"{name_of(stage)}: kept indices must"
        self.broken[f"{rule} lie between 0 and {last}"] = ((kept < 0) | (kept > last)).any()
        self.broken[f"{rule} be sorted"] = (kept.diff() < 0).any()
        self.broken[f"{rule} not repeat"] = (kept.diff() == 0).any()
        return kept.clamp(0, last)

    def reduction(self, stage: object, reduction: object, kept: Tensor) -> Reduction:
        """What a merge made: the features of the kept tokens, and an assignment of every token."""
        if not isinstance(reduction, Reduction):
            raise InputError(f"{name_of(stage)}: a merge must return a Reduction, got {type(reduction).__name__}")
        n, width = self.features.shape
        self.checked(stage, "merged features", reduction.features, (self.k, width), self.features.dtype)
        self.checked(stage, "kept indices", reduction.kept, (self.k,), torch.int64)
        assignment = self.checked(stage, "assignment", reduction.assignment, (n,), torch.int64)
        own, rule = torch.arange(self.k, device=kept.device), name_of(stage)
        self.broken[f"{rule}: the kept indices must stay as they were"] = (reduction.kept != kept).any()
        self.broken[f"{rule}: assignment must lie between -1 and {self.k - 1}"] = (
            (assignment < -1) | (assignment >= self.k)
        ).any()
        self.broken[f"{rule}: kept tokens must be assigned to themselves"] = (assignment[kept] != own).any()
        return reduction

    def checked(
        self, stage: object, what: str, given: object, shape: tuple[int, ...], dtype: torch.dtype | None = None
    ) -> Tensor:
        """A tensor of this shape and type on the device of the tokens. Raises `InputError` for anything else."""
        if not isinstance(given, Tensor):
            raise InputError(f"{name_of(stage)}: {what} must be a tensor, got {type(given).__name__}")
        form = (tuple(given.shape), given.dtype, given.device)
        wanted = (shape, dtype or given.dtype, self.features.device)
        for aspect, has, wants in zip(("of shape", "of type", "on device"), form, wanted, strict=True):
            if has != wants:
                raise InputError(f"{name_of(stage)}: {what} must be {aspect} {wants}, got {has}")
        return given

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if self.broken and (error is None or isinstance(error, Exception)):
            for rule, is_broken in zip(self.broken, torch.stack(list(self.broken.values())).tolist(), strict=True):
                if is_broken:
                    raise InputError(rule) from error


def name_of(strategy: object) -> str:
    """The class of a strategy."""
    return type(strategy).__qualname__
