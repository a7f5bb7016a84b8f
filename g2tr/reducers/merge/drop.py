"""No merge: dropped tokens leave nothing behind."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Int
from torch import Tensor

from g2tr.reducers.tokens import Reduction, VisualTokens, initial_assignment


@dataclass(frozen=True)
class Drop:
    """m_i = v_i for the kept tokens; the others are gone."""

    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        return Reduction(tokens.features[kept], kept, initial_assignment(kept, len(tokens.features)))
