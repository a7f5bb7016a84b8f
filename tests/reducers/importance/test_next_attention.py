import torch

from g2tr.reducers.importance.next_attention import NextAttentionRank
from g2tr.reducers.tokens import NextAttention, VisualTokens


def test_the_rank_is_the_attention_of_the_layer_that_follows() -> None:
    weights = torch.tensor([[0.1, 0.6, 0.3]])
    tokens = VisualTokens(torch.zeros(3, 4), (1, 3), (NextAttention(weights),))
    assert torch.equal(NextAttentionRank()(tokens), weights[0])
