from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from g2tr.errors import InputError
from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.attention_evidence import AttentionProbe, AttentionRecorder, received_attention, row_attention
from g2tr.models.engine.kv_cache import Block, Cache
from g2tr.models.engine.layout import pack
from g2tr.models.engine.trace import ProbeCost
from g2tr.reducers.tokens import Anchors, NextAttention, NormedStates, QueryAttention, QueryKeys, QueryValues, Rotary


def test_one_row_is_that_of_the_full_attention_map_with_grouped_heads() -> None:
    q, k = torch.randn(5, 4, 8), torch.randn(11, 2, 8)
    heads = k.repeat_interleave(2, dim=1)
    full = F.softmax(torch.einsum("qhe,che->hqc", q, heads) / 8**0.5, dim=-1).mean(0)
    assert torch.allclose(row_attention(q, k), full, atol=1e-6)
    assert torch.allclose(row_attention(q, k).sum(-1), torch.ones(5), atol=1e-5)


def test_half_precision_is_compared_in_float32() -> None:
    q, k = torch.randn(1, 2, 8).bfloat16(), torch.randn(3, 1, 8).bfloat16()
    assert row_attention(q, k).dtype == torch.float32


class Plain:
    """A layer that projects every row to itself, in one head; it is only looked at."""

    rope = (10_000.0, 8)

    def project_qkv(self, index: int, rows: torch.Tensor, rotary: object) -> tuple[torch.Tensor, ...]:
        return (rows[:, None],) * 3

    def finish(self, rows: torch.Tensor, block: Block) -> torch.Tensor:
        return 2 * rows

    def rotary(self, *given: object) -> None:
        raise NotImplementedError

    advance = rotary


class Turned(Plain):
    """Notes which rows are looked at, in which layer, and how they are turned."""

    def __init__(self) -> None:
        self.looked: list[tuple[Any, ...]] = []

    def project_qkv(self, index: int, rows: torch.Tensor, rotary: Any) -> tuple[torch.Tensor, ...]:
        self.looked.append((index, rows, *rotary))
        return super().project_qkv(index, rows, rotary)


def listening(question_rows: int, rows: slice | None = None) -> tuple[AttentionProbe, torch.Tensor]:
    """A sample of 2 cached rows and a block of 6 before layer 1, the image in columns 1 to 3; and the rows of it."""
    previous_hidden, cached = ((torch.randn(count, 1, 8), torch.randn(count, 1, 8)) for count in (8, 2))
    hidden = torch.randn(6, 8)
    cache = Cache([previous_hidden, cached])
    rotaries = [(torch.zeros(6, 1), torch.zeros(6, 1))] * 2
    block, image = Block(hidden, torch.arange(6), (6,), causal=True), (slice(1, 4), rows, torch.arange(3))
    probe = AttentionProbe(Plain(), cache, block, 1, question_rows, rotaries, torch.randn(6, 8), hidden, *image)
    return probe, hidden


def test_the_query_of_next_attention_is_the_last_row_of_the_question() -> None:
    probe, hidden = listening(question_rows=2)
    keys = torch.cat([probe.cache.layers[1][0], hidden[:, None]])
    wanted = row_attention(hidden[-1:, None], keys)[:, 1:4]
    assert torch.equal(probe.evidence(NextAttention).weights, wanted)
    assert not torch.allclose(wanted, row_attention(hidden[:1, None], keys)[:, 1:4])


def test_the_query_of_attention_is_the_last_row_before_the_layer_below() -> None:
    probe, _ = listening(question_rows=2)
    wanted = row_attention(probe.previous_hidden[-1:, None], probe.cache.layers[0][0])[:, 1:4]
    assert torch.equal(probe.evidence(QueryAttention).weights, wanted)


@pytest.mark.parametrize("question_rows", [1, 3])
def test_the_query_rows_of_the_values_are_those_of_the_question(question_rows: int) -> None:
    probe, _ = listening(question_rows)
    values = probe.cache.layers[0][1]
    found = probe.evidence(QueryValues)
    assert torch.equal(found.queries, values[-question_rows:])
    assert torch.equal(found.tokens, values[1:4])


@pytest.mark.parametrize("chunk", [1, 2, 256])
def test_received_attention_is_the_mean_over_queries_and_heads_of_the_full_map(chunk: int) -> None:
    q, k = torch.randn(5, 3, 8), torch.randn(5, 3, 8)
    full = F.softmax(torch.einsum("qhe,khe->hqk", q, k) / 8**0.5, dim=-1)
    assert torch.allclose(received_attention(q, k, chunk), full.mean((0, 1)), atol=1e-6)


def test_a_listener_notes_every_layer_and_leaves_its_attention_alone() -> None:
    listener, layout = AttentionRecorder(attend_sdpa), pack((4,), (0,))
    for _ in range(2):
        q, k, v = torch.randn(3, 4, 2, 8)
        assert torch.equal(listener(q, k, v, layout, False), attend_sdpa(q, k, v, layout, False))
        assert torch.equal(listener.received[-1], received_attention(q, k))
    assert len(listener.received) == 2


def test_rotary_evidence_is_the_positions_of_the_tokens_and_the_waves_of_the_model() -> None:
    probe, _ = listening(question_rows=1)
    found = probe.evidence(Rotary)
    assert (found.positions.tolist(), found.theta, found.width) == ([0, 1, 2], 10_000.0, 8)


def test_evidence_of_the_encoder_is_refused() -> None:
    with pytest.raises(InputError, match="Anchors cannot be read inside"):
        listening(question_rows=1)[0].evidence(Anchors)


def test_a_look_counts_the_rows_that_are_projected_and_the_keys_of_the_query() -> None:
    probe, _ = listening(question_rows=2)
    looks = [probe.look(kind) for kind in (QueryAttention, NextAttention, QueryValues)]
    assert looks == [ProbeCost(1, 8), ProbeCost(6, 2 + 6), ProbeCost(0, 0)]


def test_each_query_row_is_turned_as_its_own_layer_turns_it() -> None:
    probe, _ = listening(question_rows=2)
    rotaries = [(rows[:, None], -rows[:, None]) for rows in (torch.arange(6.0), torch.arange(10.0, 16.0))]
    language = Turned()
    probe = replace(probe, language=language, rotaries=rotaries)
    probe.evidence(QueryAttention)
    probe.evidence(NextAttention)
    looked = [
        (index, len(rows), cos.flatten().tolist(), sin.flatten().tolist()) for index, rows, cos, sin in language.looked
    ]
    assert looked[0] == (0, 1, [5.0], [-5.0])
    assert looked[1] == (1, 6, [10, 11, 12, 13, 14, 15], [-10, -11, -12, -13, -14, -15])


@pytest.mark.parametrize("question_rows", [1, 3])
def test_keys_are_the_cached_ones_and_states_those_after_the_last_norm(question_rows: int) -> None:
    probe, hidden = listening(question_rows, slice(1, 4))
    keys, states = probe.evidence(QueryKeys), probe.evidence(NormedStates)
    assert torch.equal(keys.queries, probe.cache.layers[0][0][-question_rows:])
    assert torch.equal(keys.tokens, probe.cache.layers[0][0][1:4])
    assert torch.equal(states.queries, 2 * hidden[-question_rows:])
    assert torch.equal(states.tokens, 2 * hidden[1:4])


def test_keys_stand_for_states_of_an_image_that_was_read_before() -> None:
    probe, _ = listening(question_rows=2)
    keys, states = probe.evidence(QueryKeys), probe.evidence(NormedStates)
    assert torch.equal(states.queries, keys.queries.flatten(1))
    assert torch.equal(states.tokens, keys.tokens.flatten(1))
