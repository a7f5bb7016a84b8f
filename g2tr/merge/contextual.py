"""Merge that adds to each kept token the mean of those that join it: the merge of VisionZip."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int
from torch import Tensor

from g2tr.merge.nearest import Nearest
from g2tr.tokens import Reduction, VisualTokens


@dataclass(frozen=True)
class Contextual:
    """m_i = scale·(v_i + mean_{j: n(j)=i} v_j) where a token joins, else v_i,  n(j) = argmax_{i kept} cos(v_j, v_i).

    At scale ½, the default, kept token and context count alike, however many join; VisionZip adds them, scale 1,
    which about doubles the norm, and lets tokens join contextual ones alone, by cosine of attention keys.
    Source: VisionZip, CVPR 2025 (baselines.md section 4.2).
    """

    scale: float = 0.5
    chunk: int = 512
    reads: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        merged = Nearest()(tokens, kept)
        targets, joined = tokens.features[kept].float(), (merged.sizes - 1)[:, None]
        sums = -targets
        for values, homes in zip(tokens.features.split(self.chunk), merged.homes.split(self.chunk), strict=True):
            sums.index_add_(0, homes, values.float())
        blended = self.scale * (targets + sums / joined.clamp(min=1))
        return Reduction(torch.where(joined > 0, blended, targets).to(tokens.features.dtype), kept, merged.homes)
