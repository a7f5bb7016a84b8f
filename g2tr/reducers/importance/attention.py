"""Importance by attention inside the language model: the score of FastV."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import QueryAttention, VisualTokens


@dataclass(frozen=True)
class Attention:
    """s_j = mean over query rows and heads of the attention to token j in the layer before.

    FastV ranks by the last row of the prompt in layer K - 1, whose attention is that of all keys; the paper's text says
    mean attention. The official code keeps T tokens given as a count, here k is round(ρ·n).
    Source: FastV (baselines.md section 3.1), with one row recomputed instead of a full map.
    """

    requires: ClassVar[frozenset[type]] = frozenset({QueryAttention})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        return tokens.read(QueryAttention).weights.mean(0)
