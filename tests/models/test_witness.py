import pytest
import torch
import torch.nn.functional as F

from g2tr.models.cache import Cache
from g2tr.models.witness import Witness, row_attention
from g2tr.tokens import NextAttention, QueryAttention, QueryValues


def test_one_row_is_that_of_the_full_attention_map_with_grouped_heads() -> None:
    q, k = torch.randn(5, 4, 8), torch.randn(11, 2, 8)
    heads = k.repeat_interleave(2, dim=1)
    full = F.softmax(torch.einsum("qhe,che->hqc", q, heads) / 8**0.5, dim=-1).mean(0)
    assert torch.allclose(row_attention(q, k), full, atol=1e-6)
    assert torch.allclose(row_attention(q, k).sum(-1), torch.ones(5), atol=1e-5)


def test_half_precision_is_compared_in_float32() -> None:
    q, k = torch.randn(1, 2, 8).bfloat16(), torch.randn(3, 1, 8).bfloat16()
    assert row_attention(q, k).dtype == torch.float32


def listening(asking: int) -> tuple[Witness, torch.Tensor]:
    """A sample of 2 cached rows and a block of 6 before layer 1, the image in columns 1 to 3; and the rows of it."""
    cached, below = torch.randn(2, 1, 8), torch.randn(8, 1, 8)
    here = torch.randn(6, 8)
    cache = Cache([(below, below), (cached, cached)])
    turns = [(torch.zeros(6, 1), torch.zeros(6, 1))] * 2
    witness = Witness(Plain(), cache, 1, asking, turns, torch.randn(6, 8), here, slice(1, 4), torch.arange(3))
    return witness, here


class Plain:
    """A layer that projects every row to itself, in one head; it is only looked at."""

    rope = (10_000.0, 8)

    def look(self, index: int, rows: torch.Tensor, turn: object) -> tuple[torch.Tensor, ...]:
        return (rows[:, None],) * 3

    def turn(self, *given: object) -> None:
        raise NotImplementedError

    advance = finish = turn


def test_the_query_of_next_attention_is_the_last_row_of_the_question() -> None:
    witness, here = listening(asking=2)
    keys = torch.cat([witness.cache.layers[1][0], here[:, None]])
    wanted = row_attention(here[-1:, None], keys)[:, 1:4]
    assert torch.equal(witness.evidence(NextAttention).weights, wanted)
    assert not torch.allclose(wanted, row_attention(here[:1, None], keys)[:, 1:4])


def test_the_query_of_attention_is_the_last_row_before_the_layer_below() -> None:
    witness, _ = listening(asking=2)
    wanted = row_attention(witness.below[-1:, None], witness.cache.layers[0][0])[:, 1:4]
    assert torch.equal(witness.evidence(QueryAttention).weights, wanted)


@pytest.mark.parametrize("asking", [1, 3])
def test_the_query_rows_of_the_values_are_those_of_the_question(asking: int) -> None:
    witness, _ = listening(asking)
    values = witness.cache.layers[0][1]
    found = witness.evidence(QueryValues)
    assert torch.equal(found.queries, values[-asking:])
    assert torch.equal(found.tokens, values[1:4])
