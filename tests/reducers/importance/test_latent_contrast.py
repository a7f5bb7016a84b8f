import pytest
import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.tokens import Grid, GridPositions, LatentGrid, VisualTokens


def image(mean: Tensor, grid: Grid) -> VisualTokens:
    latent = LatentGrid(mean, torch.zeros_like(mean), lambda patches: patches)
    return VisualTokens(torch.zeros(grid[0] * grid[1], 2), grid, (latent,))


def spot() -> Tensor:
    mean = torch.zeros(7, 7, 2)
    mean[3, 3] = torch.tensor([15.0, 20.0])
    return mean


def test_the_score_is_the_norm_of_latent_minus_neighbourhood() -> None:
    scores = LatentContrast()(image(spot(), (7, 7))).reshape(7, 7)
    assert scores[3, 3].item() == pytest.approx(24 / 25 * 25)
    assert scores[1, 3].item() == pytest.approx(25 / 20)  # 4 x 5 patches lie within the image
    assert scores[0, 3].item() == 0


def test_a_smaller_window_sees_less() -> None:
    scores = LatentContrast(window=3)(image(spot(), (7, 7))).reshape(7, 7)
    assert scores[3, 3].item() == pytest.approx(8 / 9 * 25)
    assert scores[1, 3].item() == 0


def test_a_flat_latent_has_no_contrast() -> None:
    torch.testing.assert_close(LatentContrast()(image(torch.full((4, 6, 3), 0.7), (5, 8))), torch.zeros(40))


def test_the_map_is_brought_to_the_token_grid() -> None:
    scores = LatentContrast()(image(spot(), (14, 14))).reshape(14, 14)
    assert scores.argmax() // 14 in (6, 7)
    torch.testing.assert_close(scores, scores.flip(0).flip(1))


def test_tokens_that_an_earlier_step_left_get_the_scores_of_their_places() -> None:
    full = image(spot(), (7, 7))
    places = torch.tensor([0, 10, 24, 25])
    some = VisualTokens(torch.zeros(4, 2), (7, 7), (*full.evidence, GridPositions(places)))
    assert LatentContrast()(some).equal(LatentContrast()(full)[places])


def test_an_even_window_is_refused() -> None:
    with pytest.raises(InputError, match="window"):
        LatentContrast(window=4)
