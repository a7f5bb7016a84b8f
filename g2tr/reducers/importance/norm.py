"""Importance by feature norm: a control that reads nothing but the tokens."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Norm:
    """s_i = ‖v_i‖₂ in float32."""

    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        norms: Tensor = torch.linalg.vector_norm(tokens.features.float(), dim=-1)
        return norms
