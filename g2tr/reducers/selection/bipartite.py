"""Selection by bipartite matching: of two alternate halves, the tokens that have a close match leave, as in ToMe."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Bipartite:
    """Of the tokens with even places, counted from 0, those leave whose best cosine to an odd place is highest.

    A round removes at most half of the survivors; rounds go on until k are left, and compare what the rounds before
    have merged, by means over all tokens that ended in one. Scores do not count. The merge `bipartite` follows the same
    matches. `chunk` tokens are compared at a time; equal cosines: lower index.
    Source: ToMe, ICLR 2023, on the features after the encoder instead of attention keys (baselines.md section 4.5).
    """

    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        kept: Tensor = matching(tokens.features, k, self.chunk).unique()
        return kept


def matching(features: Float[Tensor, "n d"], k: int, chunk: int = 512) -> Int[Tensor, " n"]:
    """For each token the one in which it ends when k are left."""
    ends = torch.arange(len(features), device=features.device)
    alive, means = ends, features.float()
    sizes = torch.ones(len(features), 1, device=features.device)
    while len(alive) > k:
        directions = F.normalize(means, dim=-1)
        leave, stay = alive[::2], alive[1::2]
        parts = [(part @ directions[1::2].T).max(dim=-1) for part in directions[::2].split(chunk)]
        cosines, matches = (torch.cat(values) for values in zip(*parts, strict=True))
        going = cosines.sort(descending=True, stable=True).indices[: min(len(alive) - k, len(stay))]
        target = torch.arange(len(features), device=features.device)
        target[leave[going]] = stay[matches[going]]
        ends = target[ends]
        place = torch.searchsorted(alive, target[alive])
        sums = torch.zeros_like(means).index_add_(0, place, means * sizes)
        sizes = torch.zeros_like(sizes).index_add_(0, place, sizes)
        left = sizes[:, 0] > 0
        alive, sizes = alive[left], sizes[left]
        means = sums[left] / sizes
    return ends
