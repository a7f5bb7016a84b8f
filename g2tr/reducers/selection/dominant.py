"""Selection of dominant tokens by score and of evenly spaced others for context: the selection of VisionZip."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Dominant:
    """round(share·k) tokens by score are dominant; of the others, in raster order, number ⌊i·r/c⌋ of r, i < c, stays.

    Source: VisionZip, CVPR 2025; the share is that of its form without a CLS token (baselines.md section 4.2), and
    the even step is exact where the official integer step leaves the end of the image out.
    """

    share: float = 0.84375
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        dominant = round(self.share * k)
        order = scores.sort(descending=True, stable=True).indices
        others, context = order[dominant:].sort().values, k - dominant
        spaced = others[torch.arange(context, device=order.device) * len(others) // max(1, context)]
        return torch.cat([order[:dominant], spaced]).sort().values
