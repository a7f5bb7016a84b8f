import torch

from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.tokens import QueryAttention, VisualTokens


def test_the_score_is_the_mean_attention_of_the_query_rows() -> None:
    weights = torch.tensor([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
    tokens = VisualTokens(torch.zeros(3, 4), (1, 3), (QueryAttention(weights),))
    assert torch.allclose(Attention()(tokens), torch.tensor([0.3, 0.4, 0.3]))
