"""Merge that adds to each kept token those most like it, weighted by their attention: the merge of PruMerge."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.importance.vision_attention import ReceivedAttention
from g2tr.reducers.tokens import Reduction, VisionAttention, VisualTokens, initial_assignment


@dataclass(frozen=True)
class Weighted:
    """m_i = v_i + Σ_{j∈N(i)} a_j·v_j,  N(i) the `neighbours` tokens, kept or not, of highest cosine to v_i.

    a_j is the attention that a token receives in ViT layer `layer`; weights are not normalised, so that a kept token
    counts far more than what it takes in. A dropped token may be added to several kept ones: its home is the most
    similar of them, and where there is none it is dropped. Source: LLaVA-PruMerge, which compares attention keys and
    weighs by the attention of a CLS token (baselines.md section 4.9).
    """

    neighbours: int = 32
    layer: int = -1
    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset({VisionAttention})

    def __post_init__(self) -> None:
        if type(self.neighbours) is not int or self.neighbours < 1:
            raise InputError(f"merge.neighbours must be a whole number of at least 1, got {self.neighbours!r}")

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        features, weights = tokens.features, ReceivedAttention(self.layer)(tokens)
        directions = F.normalize(features.float(), dim=-1)
        assignment, best = initial_assignment(kept, len(features)), directions.new_full((len(features),), -torch.inf)
        best[kept] = torch.inf
        merged = []
        for start, rows in zip(range(0, len(kept), self.chunk), kept.split(self.chunk), strict=True):
            cosines = directions[rows] @ directions.T
            cosines[torch.arange(len(rows), device=rows.device), rows] = -torch.inf
            near = self.nearest(cosines)
            merged.append(features[rows].float() + near * weights @ features.float())
            highest, row = cosines.masked_fill(~near, -torch.inf).max(dim=0)
            assignment = torch.where(highest > best, start + row, assignment)
            best = torch.maximum(best, highest)
        return Reduction(torch.cat(merged).to(features.dtype), kept, assignment)

    def nearest(self, cosines: Float[Tensor, "c n"]) -> Tensor:
        """Which tokens are among those most like each row ("c n", boolean); equal cosines: lower index."""
        count = min(self.neighbours, cosines.shape[1] - 1)
        order = cosines.sort(dim=-1, descending=True, stable=True).indices[:, :count]
        return torch.zeros_like(cosines, dtype=torch.bool).scatter_(1, order, True)
