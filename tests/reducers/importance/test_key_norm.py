import torch

from g2tr.reducers.importance.key_norm import KeyNorm
from g2tr.reducers.tokens import QueryKeys, VisualTokens


def test_scores_are_sums_of_absolute_keys_over_heads() -> None:
    keys = torch.tensor([[[1.0, -2.0], [0.0, 4.0]], [[0.0, 0.0], [-1.0, 0.0]]])
    tokens = VisualTokens(torch.ones(2, 3), (1, 2), (QueryKeys(keys[:1], keys),))
    assert KeyNorm()(tokens).tolist() == [7.0, 1.0]


def test_half_precision_is_summed_without_overflow() -> None:
    keys = torch.full((1, 4, 64), 60000.0, dtype=torch.float16)
    scores = KeyNorm()(VisualTokens(torch.ones(1, 3), (1, 1), (QueryKeys(keys, keys),)))
    assert scores.dtype == torch.float32
    assert scores.item() == 256 * 60000.0 - 256 * (60000.0 - keys[0, 0, 0].item())
