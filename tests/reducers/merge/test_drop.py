import torch

from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.tokens import VisualTokens


def test_kept_tokens_pass_through_and_the_others_are_gone() -> None:
    tokens = VisualTokens(torch.arange(12.0).reshape(6, 2), (2, 3))
    reduction = Drop()(tokens, torch.tensor([1, 4]))
    assert reduction.features.tolist() == [[2.0, 3.0], [8.0, 9.0]]
    assert reduction.kept.tolist() == [1, 4]
    assert reduction.assignment.tolist() == [-1, 0, -1, -1, 1, -1]
    assert reduction.sizes.tolist() == [1, 1]


def test_features_keep_their_bits_and_their_type() -> None:
    features = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).bfloat16()
    kept = torch.tensor([0, 5])
    assert Drop()(VisualTokens(features, (2, 3)), kept).features.equal(features[kept])
