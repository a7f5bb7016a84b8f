"""Selection by a determinantal point process: diverse tokens of high score, the selection of CDPruner."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.gram import Gram
from g2tr.reducers.selection.maxmin import unit_range
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class Dpp:
    """Greedy argmax_S det L_S,  L_ij = q_i · cos(v_i, v_j) · q_j,  q the scores brought to [0, 1].

    Each pick adds one row of an incremental Cholesky factor; the residual r_i = L_ii - Σ_t c_ti² is what a token
    still adds. Where it has vanished (at most `tolerance`), the kept tokens span the rest, and the best scores fill
    the remaining places; without that rule picks repeat. Source: CDPruner, NeurIPS 2025 (baselines.md section 4.7);
    Chen et al. 2018, arXiv 1709.05135.
    """

    tolerance: float = 1e-4
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        rows = F.normalize(tokens.features.float(), dim=-1) * unit_range(scores)[:, None]
        picks = greedy_map(rows, k, self.tolerance)
        order = scores.sort(descending=True, stable=True).indices
        rest = order[~torch.isin(order, picks)]
        return torch.cat([picks, rest])[:k].sort().values


def greedy_map(rows: Float[Tensor, "n d"], k: int, tolerance: float) -> Int[Tensor, " p"]:
    """At most k picks that each raise det(rows·rowsᵀ) most, until no residual is above `tolerance`."""
    kernel, residual, factor = Gram.of(rows, k), rows.square().sum(-1), rows.new_zeros(k, len(rows))
    picks = torch.zeros(k, dtype=torch.long, device=rows.device)
    for step in range(k):
        best, pick = residual.max(dim=0)
        if best <= tolerance:
            return picks[:step]
        factor[step] = (kernel.row(pick[None]) - factor[:step, pick] @ factor[:step]) / best.sqrt()
        residual = residual - factor[step].square()
        residual[pick] = -torch.inf
        picks[step] = pick
    return picks
