import torch

from g2tr.reducers.selection.saliency_diversity import SaliencyDiversity
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import VisualTokens

ANGLES = torch.tensor([0.0, 60.0, 90.0, 180.0]).deg2rad()
TOKENS = VisualTokens(torch.stack([ANGLES.cos(), ANGLES.sin()], dim=-1), (2, 2))
SCORES = torch.tensor([1.0, 0.9, 0.5, 0.0])


def test_the_next_token_maximises_the_joint_objective() -> None:
    # distances to token 0: 0.5, 1, 2; half of score plus distance: 0.7, 0.75, 1.0
    assert SaliencyDiversity()(SCORES, TOKENS, 2).tolist() == [0, 3]
    # three tenths of diversity: 0.78, 0.65, 0.6
    assert SaliencyDiversity(0.3)(SCORES, TOKENS, 2).tolist() == [0, 1]


def test_without_diversity_it_is_top_k() -> None:
    scores = torch.rand(40, generator=torch.Generator().manual_seed(0))
    tokens = VisualTokens(torch.randn(40, 8, generator=torch.Generator().manual_seed(1)), (5, 8))
    assert SaliencyDiversity(0.0)(scores, tokens, 11).equal(TopK()(scores, tokens, 11))


def test_with_diversity_alone_it_is_max_min_from_the_best_score() -> None:
    scores = torch.tensor([0.0, 0.0, 9.0, 0.0])
    assert SaliencyDiversity(1.0)(scores, TOKENS, 2).tolist() == [0, 2]  # 0° and 180° are 90° away; the lower index
    assert SaliencyDiversity(1.0)(scores, TOKENS, 3).tolist() == [0, 2, 3]


def test_score_and_distance_count_alike_by_default() -> None:
    tokens = VisualTokens(TOKENS.features[:3], (1, 3))
    # distances to token 0: 0.5 and 1; half of score plus distance: 0.7 and 0.5
    assert SaliencyDiversity()(torch.tensor([1.0, 0.9, 0.0]), tokens, 2).tolist() == [0, 1]
