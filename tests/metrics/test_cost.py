"""Closed forms against torch's counter, on the real model code and on published sizes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from g2tr.metrics.cost import (
    block_flops,
    cost_of,
    kv_bytes_of,
    layer_flops,
    listen_flops,
    literature_flops,
    look_flops,
    summarise_costs,
    summarise_tokens,
    vit_flops,
)
from g2tr.models.bagel.model import Bagel
from g2tr.models.engine.trace import ProbeCost, Trace
from g2tr.models.shapes import DecoderShape, ModelShape
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import VisionAttention

BAGEL_7B = DecoderShape(layers=28, width=3584, heads=28, kv_heads=4, head_dim=128, mlp=18944)


COST = {
    "prefill_flops": 100,
    "prefill_flops_full": 200,
    "flops_literature": 50,
    "flops_literature_full": 150,
    "vit_flops": 60,
    "vit_flops_full": 60,
    "anchor_flops": 90,
    "evidence_flops": 10,
    "kv_bytes": 10,
    "kv_bytes_full": 40,
}


def sdpa_flops(q: Any, k: Any, v: Any, *_: Any, out_shape: Any = None, **__: Any) -> int:
    """CPU attention, which torch's counter does not know: both products over all pairs of rows."""
    batch, heads, rows, width = q
    return int(2 * batch * heads * rows * k[-2] * (width + v[-1]))


@contextmanager
def counted() -> Iterator[FlopCounterMode]:
    operator = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with FlopCounterMode(display=False, custom_mapping={operator: sdpa_flops}) as counter:
        yield counter


@pytest.fixture
def half() -> Reducer:
    return Reducer(Norm(), TopK(), Drop(), keep_ratio=0.5)


def test_prefill_flops_equal_those_that_torch_counts(bagel_tiny: Bagel, scene: Any, half: Reducer) -> None:
    for reducer in (half, Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)):
        context = bagel_tiny.context()
        tokens = bagel_tiny.encode(scene, reducer.requires)
        with torch.inference_mode(), counted() as counter:
            context.read_tokens(tokens, reducer(tokens))
            context.read_text("what color is the ring ?")
        cost = cost_of(context.trace, context.kv_bytes, bagel_tiny.shape, anchor_flops=0)
        assert cost.prefill_flops == counter.get_total_flops()


def test_full_cost_is_what_the_unreduced_model_pays(bagel_tiny: Bagel, scene: Any, half: Reducer) -> None:
    unreduced = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)
    costs = []
    for reducer in (half, unreduced):
        outcome = bagel_tiny.answers([scene], ["what color is the ring ?"], reducer, 4)[0]
        costs.append(cost_of(outcome.trace, outcome.kv_bytes, bagel_tiny.shape, 0))
    assert costs[0].prefill_flops_full == costs[1].prefill_flops == costs[1].prefill_flops_full
    assert costs[0].kv_bytes_full == costs[1].kv_bytes == costs[1].kv_bytes_full
    assert costs[0].prefill_flops < costs[1].prefill_flops


def test_vit_flops_equal_those_that_torch_counts(bagel_tiny: Bagel, scene: Any) -> None:
    with torch.inference_mode(), counted() as counter:
        tokens = bagel_tiny.encode(scene, frozenset())
    assert vit_flops(bagel_tiny.shape, len(tokens.features)) == counter.get_total_flops()


def test_anchor_flops_equal_those_that_torch_counts(bagel_tiny: Bagel, scene: Any) -> None:
    with torch.inference_mode(), counted() as counter:
        bagel_tiny.parts.encode_vae(scene)
    assert bagel_tiny.vae_flops((224, 224)) == counter.get_total_flops()


def test_noting_the_attention_of_the_vit_costs_what_torch_counts(bagel_tiny: Bagel, scene: Any) -> None:
    with torch.inference_mode(), counted() as counter:
        tokens = bagel_tiny.encode(scene, frozenset({VisionAttention}))
    count = len(tokens.features)
    assert vit_flops(bagel_tiny.shape, count) + listen_flops(bagel_tiny.shape, count) == counter.get_total_flops()


@pytest.mark.parametrize(("rows", "flops"), [(1024, 13784697536512), (512, 6787122069504)])
def test_the_7b_model_costs_what_was_measured(rows: int, flops: int) -> None:
    assert block_flops(BAGEL_7B, rows) == flops


def test_the_literature_formula_reproduces_the_published_prefill() -> None:
    assert literature_flops(BAGEL_7B, 766) / 1e12 == pytest.approx(4.13, abs=0.01)
    assert literature_flops(BAGEL_7B, 401) / 1e12 == pytest.approx(2.13, abs=0.01)


def test_a_cached_row_of_the_7b_model_takes_56_kib() -> None:
    assert kv_bytes_of(BAGEL_7B, 1) == 57_344


def test_ratios_are_of_sums_and_anchors_count_against_the_reducer() -> None:
    summary = summarise_costs([COST, {**COST, "prefill_flops_full": 400}])
    assert summary["prefill_speedup_flops"] == pytest.approx(600 / 200)
    assert summary["net_speedup_flops"] == pytest.approx((120 + 600) / (120 + 200 + 200))
    assert summary["kv_ratio"] == pytest.approx(4.0)
    assert summary["literature_speedup_flops"] == pytest.approx(3.0)
    assert summary["vit_flops"] == 60


def test_evidence_costs_three_projections_of_its_rows_and_the_logits_of_one() -> None:
    projections, logits = 3 * 3584 * (28 + 4 + 4) * 128, 100 * 28 * 128
    assert look_flops(BAGEL_7B, ProbeCost(rows=3, keys=100)) == 2 * (projections + logits)


def test_tokens_and_costs_of_one_sample_are_its_own() -> None:
    count = {"full": 8, "kept": 3.0, "per_layer": [4, 2], "kv_per_layer": [4, 1]}
    shares = {"per_layer": [0.5, 0.25], "kv_per_layer": [0.5, 0.125]}
    assert summarise_tokens([count]) == {"full": 8, "kept": 3, "ratio": 0.375} | shares
    assert summarise_tokens([{"full": 0, "kept": 0.0, "per_layer": [0], "kv_per_layer": [0]}])["ratio"] == 1.0
    assert summarise_costs([dict.fromkeys(COST, 7)])["vit_flops"] == 7


def test_a_trace_is_added_up_layer_by_layer_and_all_its_evidence_counts() -> None:
    small = DecoderShape(layers=2, width=8, heads=2, kv_heads=1, head_dim=4, mlp=16)
    shape = ModelShape(small, small, vit_inputs=12, connector=(8, 8), listened_projections=2)
    trace = (
        Trace().block([3, 2], [0, 0], 4).block([1, 1], [3, 2], 1).look(ProbeCost(3, 9)).look(ProbeCost(1, 4)).listen(5)
    )
    cost = cost_of(trace, 100, shape, anchor_flops=7)
    rows = layer_flops(small, 3) + layer_flops(small, 2) + layer_flops(small, 1, 3) + layer_flops(small, 1, 2)
    assert (cost.prefill_flops, cost.prefill_flops_full) == (rows, block_flops(small, 4) + block_flops(small, 1, 4))
    assert cost.flops_literature == sum(4 * n * 8**2 + 2 * n**2 * 8 + 2 * n * 8 * 16 for n in (4, 3))
    assert cost.flops_literature_full == literature_flops(small, 5)
    looks = look_flops(small, ProbeCost(3, 9)) + look_flops(small, ProbeCost(1, 4))
    assert (cost.anchor_flops, cost.evidence_flops) == (7, looks + listen_flops(shape, 5))
    assert (cost.kv_bytes, cost.kv_bytes_full) == (100, 5 * kv_bytes_of(small, 1))
