"""Importance by the size of a token's key inside the language model: how DART picks its pivots."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import QueryKeys, VisualTokens


@dataclass(frozen=True)
class KeyNorm:
    """s_i = ‖k_i‖₁ over all heads, of the key as it is cached, rotated, in the layer before the reducer.

    Source: DART, EMNLP 2025 (baselines.md section 4.1).
    """

    requires: ClassVar[frozenset[type]] = frozenset({QueryKeys})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        return absolute_sums(tokens.read(QueryKeys).tokens)


def absolute_sums(keys: Float[Tensor, "n g e"]) -> Float[Tensor, " n"]:
    """The L1 norm of each row, summed in float64."""
    return keys.flatten(1).abs().sum(-1, dtype=torch.float64).float()
