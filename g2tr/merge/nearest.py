"""Merge into the most similar kept token: the merge of G²TR (and of VScan)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.tokens import Reduction, VisualTokens, homes_of


@dataclass(frozen=True)
class Nearest:
    """m_i = (λ·v_i + Σ_{j: n(j)=i} v_j) / (λ + #{j: n(j)=i}),  n(j) = argmax_{i kept} cos(v_j, v_i).

    Only tokens of the same image are merged (the released code may cross images that are packed together).
    `weight` is λ. With `radius` r a token merges only into kept tokens at most r rows and r columns away,
    and is dropped where there is none; None searches the whole image. Similarities and sums are float32,
    `chunk` dropped tokens at a time; equal similarities: lower index. Source: method.md section 6.
    """

    weight: float = 1.0
    radius: int | None = None
    chunk: int = 512
    reads: ClassVar[frozenset[type]] = frozenset()

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise InputError(f"merge.weight must be positive, got {self.weight!r}")
        if self.radius is not None and self.radius < 0:
            raise InputError(f"merge.radius must be null or at least 0, got {self.radius!r}")

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        features = tokens.features
        homes = homes_of(kept, len(features))
        keys = F.normalize(features[kept].float(), dim=-1)
        sums = features[kept].float() * self.weight
        for dropped in torch.where(homes < 0)[0].split(self.chunk):
            values = features[dropped].float()
            home, found = nearest(F.normalize(values, dim=-1), keys, self.within_reach(dropped, kept, tokens.grid[1]))
            homes[dropped] = torch.where(found, home, -1)
            sums.index_add_(0, home[found], values[found])
        sizes = Reduction(sums, kept, homes).sizes
        return Reduction((sums / (sizes - 1 + self.weight)[:, None]).to(features.dtype), kept, homes)

    def within_reach(self, dropped: Int[Tensor, " j"], kept: Int[Tensor, " k"], width: int) -> Bool[Tensor, "j k"]:
        """Which kept tokens lie within `radius` rows and columns of each dropped one."""
        if self.radius is None:
            return torch.ones(1, 1, dtype=torch.bool, device=kept.device).expand(len(dropped), len(kept))
        rows = (dropped[:, None] // width - kept // width).abs()
        columns = (dropped[:, None] % width - kept % width).abs()
        return torch.maximum(rows, columns) <= self.radius


def nearest(
    queries: Float[Tensor, "j d"], keys: Float[Tensor, "k d"], near: Bool[Tensor, "j k"]
) -> tuple[Int[Tensor, " j"], Bool[Tensor, " j"]]:
    """For each query the key of highest cosine among the near ones, and whether there is any."""
    similarity = (queries @ keys.T).masked_fill_(~near, -torch.inf)
    best = similarity.max(dim=-1)
    return best.indices, best.values > -torch.inf
