"""Importance by information that flows to a token over the graph of similar tokens: the score of G-Prune."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Propagation:
    """s = (‖v‖ᵀ A^steps) / degree,  A = row softmax of cos(v_i, v_j) / temperature over neighbours, cos ≥ threshold.

    `degree` counts the neighbours of a token, itself included. The official code takes a matrix power; a row of
    norms times A, `steps` times, is the same at n times less work, and A is made anew, `chunk` rows at a time.
    Source: G-Prune, AAAI 2025 (baselines.md section 4.13; official llava_arch.py).
    """

    threshold: float = 0.5
    temperature: float = 0.03
    steps: int = 5
    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        flow: Tensor = tokens.features.float().norm(dim=-1)
        directions = F.normalize(tokens.features.float(), dim=-1)
        for _ in range(self.steps):
            parts = zip(flow.split(self.chunk), directions.split(self.chunk), strict=True)
            flow = torch.stack([x @ self.links(u, directions) for x, u in parts]).sum(0)
        degrees = [self.neighbours(u @ directions.T).sum(-1) for u in directions.split(self.chunk)]
        return flow / torch.cat(degrees).clamp(min=1)

    def links(self, some: Float[Tensor, "c d"], directions: Float[Tensor, "n d"]) -> Float[Tensor, "c n"]:
        """Rows of A; a token without direction, and so without neighbours, sends to all alike."""
        cosines = some @ directions.T
        far = ~self.neighbours(cosines)
        weights: Tensor = (cosines / self.temperature).masked_fill(far, torch.finfo(torch.float32).min).softmax(-1)
        return weights

    def neighbours(self, cosines: Float[Tensor, "c n"]) -> Bool[Tensor, "c n"]:
        """Which tokens are linked."""
        return cosines >= self.threshold
