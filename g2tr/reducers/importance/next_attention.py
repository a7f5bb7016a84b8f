"""Importance by the attention that the next layer would pay: the rank of PyramidDrop."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import NextAttention, VisualTokens


@dataclass(frozen=True)
class NextAttentionRank:
    """s_j = mean over heads of the query row's attention to token j in the layer after, before that layer runs.

    The query is the last token of the instruction; queries and keys are those of the next layer's projections. Where
    PyramidDrop differs: it keeps ⌊λᵐ·n⌋ of the n tokens of the whole image after stage m, here round(ρ·n) of the tokens
    that are left (the same while both divide), and it cuts prompts at the tokenizer's longest length.
    Source: PyramidDrop, and the second stage of VScan (baselines.md sections 3.3 and 3.4).
    """

    requires: ClassVar[frozenset[type]] = frozenset({NextAttention})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        return tokens.read(NextAttention).weights.mean(0)
