"""Merge into the kept tokens of lower score alone: the merge of VisionZip."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Reduction, Scores, VisualTokens, initial_assignment


@dataclass(frozen=True)
class Contextual:
    """m_i = v_i of the round(share·k) kept tokens of highest score, the dominant ones, in which no other ends.

    The others are contextual: m_i = scale·(v_i + mean_{j: n(j)=i} v_j) where a token joins, else v_i,
    n(j) = argmax_{i contextual} cos(v_j, v_i); equal similarities: lower index. With no contextual token nobody joins.
    At scale 1, as published, a sum about doubles the norm; at ½ token and context count alike. `share` is that of the
    selection `dominant`. Source: VisionZip, CVPR 2025, which compares attention keys (baselines.md section 4.2).
    """

    share: float = 0.84375
    scale: float = 1.0
    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset({Scores})

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise InputError(f"merge.share must lie between 0 and 1, got {self.share!r}")

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        features, assignment = tokens.features, initial_assignment(kept, len(tokens.features))
        targets = self.contextual(tokens.read(Scores).values[kept])
        values = features[kept].float()
        if len(targets) == 0:
            return Reduction(features[kept], kept, assignment)
        directions, sums = F.normalize(values[targets], dim=-1), torch.zeros_like(values)
        for dropped in torch.where(assignment < 0)[0].split(self.chunk):
            joining = features[dropped].float()
            assignment[dropped] = targets[(joining @ directions.T).argmax(dim=-1)]
            sums.index_add_(0, assignment[dropped], joining)
        joined = (Reduction(values, kept, assignment).sizes - 1)[:, None]
        blended = self.scale * (values + sums / joined.clamp(min=1))
        return Reduction(torch.where(joined > 0, blended, values).to(features.dtype), kept, assignment)

    def contextual(self, scores: torch.Tensor) -> Int[Tensor, " c"]:
        """Which of the kept tokens take others in; equal scores: the lower index is dominant."""
        return scores.sort(descending=True, stable=True).indices[round(self.share * len(scores)) :].sort().values
