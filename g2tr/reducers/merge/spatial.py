"""Merge into the kept token that is nearest in the image."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.grid_maps import coordinates
from g2tr.reducers.tokens import Reduction, VisualTokens, initial_assignment


@dataclass(frozen=True)
class Spatial:
    """m_i = mean of v_i and all v_j with n(j) = i,  n(j) = argmin_{i kept} ‖p_j - p_i‖² + α·(1 - cos(v_j, v_i)).

    p is (row, column) on the grid, α is `appearance`. At 0, the default, only place counts, and with
    the `uniform` selection this is mean pooling; above it, tokens join a neighbour that looks alike, as pixels join
    a superpixel (SLIC, Achanta et al. 2012). `chunk` dropped tokens at a time, in float32; ties: lower index.
    """

    appearance: float = 0.0
    chunk: int = 512
    requires: ClassVar[frozenset[type]] = frozenset()

    def __post_init__(self) -> None:
        if not self.appearance >= 0:
            raise InputError(f"merge.appearance must be at least 0, got {self.appearance!r}")

    def __call__(self, tokens: VisualTokens, kept: Int[Tensor, " k"]) -> Reduction:
        assignment = initial_assignment(kept, len(tokens.features))
        sums = tokens.features[kept].float()
        directions = F.normalize(sums, dim=-1)
        spots = coordinates(tokens.places, tokens.grid)
        for dropped in torch.where(assignment < 0)[0].split(self.chunk):
            values = tokens.features[dropped].float()
            distances = squared_distances(spots[dropped], spots[kept])
            if self.appearance:
                distances -= self.appearance * (F.normalize(values, dim=-1) @ directions.T)
            assignment[dropped] = distances.argmin(dim=-1)
            sums.index_add_(0, assignment[dropped], values)
        sizes = Reduction(sums, kept, assignment).sizes
        return Reduction((sums / sizes[:, None]).to(tokens.features.dtype), kept, assignment)


def squared_distances(a: Float[Tensor, "a 2"], b: Float[Tensor, "b 2"]) -> Float[Tensor, "a b"]:
    """Squared distances on the grid; whole numbers, so ties are exact."""
    return (a[:, None, 0] - b[:, 0]).square() + (a[:, None, 1] - b[:, 1]).square()
