import torch
import torch.nn.functional as F

from g2tr.models.witness import row_attention


def test_one_row_is_that_of_the_full_attention_map_with_grouped_heads() -> None:
    q, k = torch.randn(5, 4, 8), torch.randn(11, 2, 8)
    heads = k.repeat_interleave(2, dim=1)
    full = F.softmax(torch.einsum("qhe,che->hqc", q, heads) / 8**0.5, dim=-1).mean(0)
    assert torch.allclose(row_attention(q, k), full, atol=1e-6)
    assert torch.allclose(row_attention(q, k).sum(-1), torch.ones(5), atol=1e-5)


def test_half_precision_is_compared_in_float32() -> None:
    q, k = torch.randn(1, 2, 8).bfloat16(), torch.randn(3, 1, 8).bfloat16()
    assert row_attention(q, k).dtype == torch.float32
