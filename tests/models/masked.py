"""Attention that hides some key rows, for comparison with rows that are not there."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from g2tr.models.engine.attention import causal_mask


def attend_hiding(q: Tensor, k: Tensor, v: Tensor, hidden: Sequence[int], causal: bool) -> Tensor:
    """Attention of one sample that sees every key row but these."""
    seen = torch.ones(len(k), dtype=torch.bool, device=k.device)
    seen[[row for row in hidden if row < len(k)]] = False
    mask = causal_mask(len(q), len(k), q.device) & seen if causal else seen.expand(len(q), len(k))
    q, k, v = (x.transpose(0, 1)[None] for x in (q, k, v))
    return scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)[0].transpose(0, 1)
