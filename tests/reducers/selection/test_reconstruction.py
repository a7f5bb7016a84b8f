import math

import pytest
import torch
from torch import Tensor

from g2tr.reducers.selection.reconstruction import PRIOR, Reconstruction
from g2tr.reducers.tokens import Grid, LatentGrid, VisualTokens


def image(latents: list[float], grid: Grid) -> VisualTokens:
    mean = torch.tensor(latents).reshape(*grid, 1)
    latent = LatentGrid(mean, torch.zeros_like(mean), lambda patches: patches)
    return VisualTokens(torch.zeros(len(latents), 1), grid, (latent,))


def chosen(latents: list[float], grid: Grid, k: int, reach: float = 0.7) -> list[int]:
    return Reconstruction(reach)(torch.zeros(len(latents)), image(latents, grid), k).tolist()


def test_the_first_is_farthest_from_the_image_mean() -> None:
    assert chosen([1.0, 1.0, 7.0, 1.0], (1, 4), 1) == [2]


def test_the_next_is_predicted_worst_from_those_kept() -> None:
    # The pick at 1 predicts about 9 for its neighbours, and for 3 a mix of 9 and the image mean, 4.
    latents = [0.0, 9.0, 8.0, 2.0, 0.0, 5.0]
    far = math.exp(-4 / (2 * 0.7**2))
    errors = [9 * 0.99, 1.0, (PRIOR * 4 + far * 9) / (PRIOR + far) - 2, 4.0, 1.0]
    assert max(errors) == errors[0]
    assert chosen(latents, (1, 6), 2) == [0, 1]
    assert errors[2] > errors[3]
    assert chosen(latents, (1, 6), 3) == [0, 1, 3]


def test_without_reach_nothing_but_the_image_mean_predicts() -> None:
    assert chosen([0.0, 9.0, 8.0, 2.0, 0.0, 5.0], (1, 6), 3, reach=0.05) == [0, 1, 2]


def test_equal_errors_go_to_the_lower_index() -> None:
    assert chosen([2.0] * 12, (3, 4), 5) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("k", [1, 13, 40])
def test_the_budget_is_exact(k: int) -> None:
    latents: Tensor = torch.randn(40, generator=torch.Generator().manual_seed(0))
    assert len(set(chosen(latents.tolist(), (5, 8), k))) == k
