import torch

from g2tr.reducers.importance.combine import Combine, ranks
from g2tr.reducers.importance.feature_uniqueness import FeatureUniqueness
from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.tokens import LatentGrid, VisualTokens

FEATURES = torch.tensor([[3.0, 0.0], [2.0, 0.0], [0.0, 1.0], [4.0, 0.0]])  # norms 3 2 1 4; unique is the third


def test_the_best_has_rank_one_and_equal_scores_rank_by_index() -> None:
    assert ranks(torch.tensor([0.5, 9.0, -1.0, 0.5])).tolist() == [0.75, 1.0, 0.25, 0.5]


def test_the_score_is_the_weighted_mean_of_ranks() -> None:
    tokens = VisualTokens(FEATURES, (2, 2))
    torch.testing.assert_close(Combine(Norm(), FeatureUniqueness(), 1.0)(tokens), torch.tensor([0.75, 0.5, 0.25, 1.0]))
    expected = 0.25 * torch.tensor([0.75, 0.5, 0.25, 1.0]) + 0.75 * torch.tensor([0.75, 0.5, 1.0, 0.25])
    torch.testing.assert_close(Combine(Norm(), FeatureUniqueness(), 0.25)(tokens), expected)


def test_it_reads_what_either_reads() -> None:
    assert Combine(Norm(), FeatureUniqueness()).requires == frozenset()
    assert Combine(Norm(), LatentContrast()).requires == {LatentGrid}
