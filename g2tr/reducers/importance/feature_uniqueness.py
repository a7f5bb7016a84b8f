"""Importance by dissimilarity to all other tokens: the control of `latent_deviation`, without a VAE."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class FeatureUniqueness:
    """s_i = 1 - mean over j ≠ i of cos(v_i, v_j) = 1 - u_i·(Σ_j u_j - u_i) / (n - 1),  u = v / ‖v‖.

    The sum makes it linear in n; `chunk` tokens are normalised at a time. No counterpart in the paper.
    """

    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        parts = tokens.features.split(self.chunk)
        total = torch.stack([F.normalize(v.float(), dim=-1).sum(0) for v in parts]).sum(0)
        others = max(1, len(tokens.features) - 1)
        return 1 - torch.cat([similarity(F.normalize(v.float(), dim=-1), total) for v in parts]) / others


def similarity(directions: Float[Tensor, "c d"], total: Float[Tensor, " d"]) -> Float[Tensor, " c"]:
    """Sum of cosines with all other tokens, whose directions and one's own add up to `total`."""
    return directions @ total - directions.square().sum(-1)
