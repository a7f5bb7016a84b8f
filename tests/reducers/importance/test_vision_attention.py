import pytest
import torch

from g2tr.errors import InputError
from g2tr.reducers.importance.vision_attention import ReceivedAttention
from g2tr.reducers.tokens import VisionAttention, VisualTokens

RECEIVED = torch.tensor([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3]])
TOKENS = VisualTokens(torch.zeros(3, 4), (1, 3), (VisionAttention(RECEIVED),))


def test_the_score_is_the_attention_received_in_one_layer() -> None:
    assert torch.equal(ReceivedAttention(0)(TOKENS), RECEIVED[0])
    assert torch.equal(ReceivedAttention()(TOKENS), RECEIVED[1])


def test_a_layer_that_the_vit_does_not_have_is_refused() -> None:
    with pytest.raises(InputError, match=r"importance\.layer=2, but the ViT has 2 layers"):
        ReceivedAttention(2)(TOKENS)


def test_layers_count_from_the_end_up_to_the_first() -> None:
    assert torch.equal(ReceivedAttention(-2)(TOKENS), RECEIVED[0])
    with pytest.raises(InputError, match=r"importance\.layer=-3, but the ViT has 2 layers"):
        ReceivedAttention(-3)(TOKENS)
