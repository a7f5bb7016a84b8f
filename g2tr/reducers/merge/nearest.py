"""Merge into the most similar kept token: the merge of G²TR (and of VScan)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Grid, Reduction, VisualTokens, initial_assignment


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
    requires: ClassVar[frozenset[type]] = frozenset()

    def __post_init__(self) -> None:
        if not self.weight > 0:
            raise InputError(f"merge.weight must be positive, got {self.weight!r}")
        if self.radius is not None and self.radius < 0:
            raise InputError(f"merge.radius must be null or at least 0, got {self.radius!r}")

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        features = tokens.features
        assignment = initial_assignment(kept, len(features))
        sums = features[kept].float()
        directions = F.normalize(sums, dim=-1)
        sums *= self.weight
        for dropped in torch.where(assignment < 0)[0].split(self.chunk):
            values = features[dropped].float()
            similarity = values @ directions.T  # cosine · ‖v_j‖, highest for the same kept token
            if self.radius is not None:
                steps = steps_between(tokens.places[dropped], tokens.places[kept], tokens.grid)
                similarity[steps > self.radius] = -torch.inf
            best, home = similarity.max(dim=-1)
            found = best > -torch.inf
            assignment[dropped] = torch.where(found, home, -1)
            sums.index_add_(0, home[found], values[found])
        sizes = Reduction(sums, kept, assignment).sizes
        return Reduction((sums / (sizes - 1 + self.weight)[:, None]).to(features.dtype), kept, assignment)


def steps_between(a: Int[Tensor, " a"], b: Int[Tensor, " b"], grid: Grid) -> Int[Tensor, "a b"]:
    """How far tokens lie apart on the grid: in rows or in columns, whichever is more."""
    rows = (a[:, None] // grid[1] - b // grid[1]).abs()
    columns = (a[:, None] % grid[1] - b % grid[1]).abs()
    return torch.maximum(rows, columns)
