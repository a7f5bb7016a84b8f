"""The three stages as protocols: what a strategy of each has to offer."""

from typing import ClassVar, Protocol, runtime_checkable

from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import Reduction, VisualTokens


@runtime_checkable
class Importance(Protocol):
    """Who matters: a float32 score for each token, higher stays."""

    requires: ClassVar[frozenset[type]]

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]: ...


@runtime_checkable
class Selection(Protocol):
    """Who stays: exactly k indices, sorted and unique."""

    requires: ClassVar[frozenset[type]]

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]: ...


@runtime_checkable
class Merge(Protocol):
    """What the others leave behind in those that stay."""

    requires: ClassVar[frozenset[type]]

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction: ...
