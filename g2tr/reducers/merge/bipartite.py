"""Merge along a bipartite matching: the merge of ToMe."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from g2tr.reducers.selection.bipartite import matching
from g2tr.reducers.tokens import Reduction, VisualTokens, initial_assignment


@dataclass(frozen=True)
class Bipartite:
    """m_i = mean of all tokens that end in i when the matching of the selection `bipartite` leaves k tokens.

    After another selection some of these ends are not kept; what ended there joins the most similar kept token.
    `chunk` tokens are compared at a time, in float32. Source: ToMe, ICLR 2023 (baselines.md section 4.5).
    """

    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        features, own = tokens.features.float(), initial_assignment(kept, len(tokens.features))
        assignment = torch.where(own < 0, own[matching(features, len(kept), self.chunk)], own)
        directions = F.normalize(features[kept], dim=-1)
        for lost in torch.where(assignment < 0)[0].split(self.chunk):
            assignment[lost] = (features[lost] @ directions.T).argmax(dim=-1)
        sums = torch.zeros_like(features[kept]).index_add_(0, assignment, features)
        sizes = Reduction(sums, kept, assignment).sizes
        return Reduction((sums / sizes[:, None]).to(tokens.features.dtype), kept, assignment)
