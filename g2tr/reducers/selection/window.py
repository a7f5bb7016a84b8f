"""Selection of the best tokens of every window, with an exact budget: Window FastV, the local half of VScan."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import Grid, VisualTokens


@dataclass(frozen=True)
class Window:
    """The q_w best tokens of each `side` x `side` window w; q_w ≈ k·n_w/n for its n_w tokens, by largest remainder.

    Every quota is rounded down and the places left go to the largest remainders, so Σ q_w = k; equal remainders:
    lower window. Smaller windows at the right and lower edge stand for themselves. Source: Window FastV,
    ACL 2025 Findings, with boundaries as in IVC-Prune's code (baselines.md section 3.2).
    """

    side: int = 4
    requires: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        windows = windows_of(tokens.places, tokens.grid, self.side)
        quota = quotas(torch.bincount(windows), k)
        return torch.where(ranks_within(scores, windows) < quota[windows])[0]


def windows_of(places: Int[Tensor, " n"], grid: Grid, side: int) -> Int[Tensor, " n"]:
    """The window of each place, numbered in raster order."""
    return places // grid[1] // side * -(-grid[1] // side) + places % grid[1] // side


def ranks_within(scores: Float[Tensor, " n"], windows: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The rank of each token among those of its window, from 0; equal scores: lower index."""
    order = scores.sort(descending=True, stable=True).indices
    by_window = order[windows[order].sort(stable=True).indices]
    counts = torch.bincount(windows)
    ranks = torch.empty_like(order)
    places = torch.arange(len(order), device=order.device)
    ranks[by_window] = places - (counts.cumsum(0) - counts)[windows[by_window]]
    return ranks


def quotas(counts: Int[Tensor, " w"], k: int) -> Int[Tensor, " w"]:
    """k places shared out in proportion to `counts`, by largest remainder."""
    total = int(counts.sum())
    quota, remainder = k * counts // total, k * counts % total
    quota[remainder.sort(descending=True, stable=True).indices[: k - int(quota.sum())]] += 1
    return quota
