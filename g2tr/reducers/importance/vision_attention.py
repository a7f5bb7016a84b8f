"""Importance by the attention that a token receives in the ViT: VisionZip and VScan without a CLS token."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import VisionAttention, VisualTokens


@dataclass(frozen=True)
class ReceivedAttention:
    """s_j = mean over heads and queries of the attention to token j in ViT layer `layer` (-1 for the last).

    Source: VisionZip and VScan in their forms for encoders without a CLS token (baselines.md sections 3.4 and 4.2).
    """

    layer: int = -1
    requires: ClassVar[frozenset[type]] = frozenset({VisionAttention})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        received = tokens.read(VisionAttention).received
        if not -len(received) <= self.layer < len(received):
            raise InputError(f"importance.layer={self.layer}, but the ViT has {len(received)} layers")
        return received[self.layer]
