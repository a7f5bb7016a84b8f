"""No merge: dropped tokens leave nothing behind."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Int
from torch import Tensor

from g2tr.reducers.tokens import Reduction, VisualTokens, homes_of


@dataclass(frozen=True)
class Drop:
    """m_i = v_i for the kept tokens; the others are gone."""

    reads: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        return Reduction(tokens.features[kept], kept, homes_of(kept, len(tokens.features)))
