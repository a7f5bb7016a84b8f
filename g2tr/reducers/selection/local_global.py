"""Half of the tokens from every region, half from the whole image: the encoder stage of VScan."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.selection.window import ranks_within
from g2tr.reducers.tokens import VisionAttention, VisualTokens


@dataclass(frozen=True)
class LocalGlobal:
    """Local: the best by a shallow ViT layer, at most ⌈k_local / windows⌉ in each `window` x `window` region.

    Global: the best of the rest by the scores that come in, those of a deep layer. `share` of the k tokens are
    local; `depth` is the shallow layer as a fraction of the ViT. Leftover rows and columns join the last window.
    Source: VScan on Qwen2.5-VL (baselines.md section 3.4).
    """

    window: int = 4
    share: float = 0.5
    depth: float = 0.25
    requires: ClassVar[frozenset[type]] = frozenset({VisionAttention})

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        received = tokens.read(VisionAttention).received
        shallow = received[int(self.depth * (len(received) - 1))]
        local = self.best_of_windows(shallow, self.windows(tokens), round(self.share * k))
        rest = scores.masked_fill(torch.isin(torch.arange(len(scores), device=scores.device), local), -torch.inf)
        order = rest.sort(descending=True, stable=True).indices
        return torch.cat([local, order[: k - len(local)]]).sort().values

    def windows(self, tokens: VisualTokens) -> Int[Tensor, " n"]:
        """The window of each token."""
        height, width = (max(1, side // self.window) for side in tokens.grid)
        rows = (tokens.places // tokens.grid[1] // self.window).clamp(max=height - 1)
        columns = (tokens.places % tokens.grid[1] // self.window).clamp(max=width - 1)
        return rows * width + columns

    def best_of_windows(self, scores: Float[Tensor, " n"], windows: Int[Tensor, " n"], k: int) -> Int[Tensor, " l"]:
        """The k highest scores of which no window holds more than ⌈k / windows⌉; fewer where windows are small."""
        order = scores.sort(descending=True, stable=True).indices
        cap = -(-k // len(windows.unique()))
        return order[ranks_within(scores, windows)[order] < cap][:k]
