import torch

from g2tr.reducers.importance.latent_deviation import LatentDeviation
from g2tr.reducers.tokens import LatentGrid, VisualTokens


def test_the_score_is_the_distance_from_the_median_latent() -> None:
    mean = torch.tensor([[1.0, 5.0], [1.0, 5.0], [4.0, 9.0], [1.0, 5.0], [2.0, 5.0], [1.0, 7.0]]).reshape(2, 3, 2)
    latent = LatentGrid(mean, torch.zeros_like(mean), lambda patches: patches)
    scores = LatentDeviation()(VisualTokens(torch.zeros(6, 2), (2, 3), (latent,)))
    torch.testing.assert_close(scores, torch.tensor([0.0, 0.0, 5.0, 0.0, 1.0, 2.0]))


def test_the_map_is_brought_to_the_token_grid() -> None:
    mean = torch.tensor([0.0, 0.0, 0.0, 8.0]).reshape(1, 4, 1)
    latent = LatentGrid(mean, torch.zeros_like(mean), lambda patches: patches)
    scores = LatentDeviation()(VisualTokens(torch.zeros(8, 2), (1, 8), (latent,)))
    torch.testing.assert_close(scores, torch.tensor([0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 6.0, 8.0]))
