"""Random importance: the baseline that every score must beat."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Random:
    """s_i ~ U(0, 1), drawn on the CPU from `seed` and the image, so the same on every device."""

    seed: int = 0
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        # Multiplying by a large odd number keeps neighbouring seeds of one image far apart.
        generator = torch.Generator().manual_seed((self.seed * 0x9E3779B1 + tokens.seed) % 2**63)
        return torch.rand(len(tokens.features), generator=generator).to(tokens.features.device)
