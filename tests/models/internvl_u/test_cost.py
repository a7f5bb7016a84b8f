"""Closed forms against torch's counter, on the real modules."""

import pytest
import torch
from PIL.Image import Image

from g2tr.metrics.cost import cost_of, listen_flops, vit_flops
from g2tr.models.internvl_u.config import InternVLUConfig, LanguageConfig, VisionConfig
from g2tr.models.internvl_u.cost import model_shape
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.prompt import system_turn
from g2tr.reducers.cascade import KEEP_ALL
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import VisionAttention
from tests.metrics.test_cost import counted

HALF = Reducer(Norm(), TopK(), Drop(), keep_ratio=0.5)
FULL_SIZE = InternVLUConfig(
    VisionConfig(1024, 4096, 24, 16), LanguageConfig(151_936, 2048, 6144, 28, 16, 8, head_dim=128)
)


@pytest.mark.parametrize("reducer", [KEEP_ALL, HALF])
def test_prefill_flops_equal_those_that_torch_counts(reducer: Reducer, drawn: InternVLU, scene: Image) -> None:
    context, tokens = drawn.context(), drawn.encode(scene, frozenset())
    with torch.inference_mode(), counted() as counter:
        context.read_text(system_turn("Look."))
        context.read_tokens(tokens, reducer(tokens))
        context.ask("\nWhy?")
    cost = cost_of(context.trace, context.kv_bytes, drawn.shape, 0)
    assert cost.prefill_flops == counter.get_total_flops()


def test_vit_flops_equal_those_that_torch_counts(drawn: InternVLU, scene: Image) -> None:
    with torch.inference_mode(), counted() as counter:
        tokens = drawn.encode(scene, frozenset())
    assert vit_flops(drawn.shape, len(tokens.features)) == counter.get_total_flops()


def test_noting_the_attention_of_the_vit_costs_what_torch_counts(drawn: InternVLU, scene: Image) -> None:
    with torch.inference_mode(), counted() as counter:
        tokens = drawn.encode(scene, frozenset({VisionAttention}))
    count = len(tokens.features)
    assert vit_flops(drawn.shape, count) + listen_flops(drawn.shape, count) == counter.get_total_flops()


def test_anchor_flops_equal_those_that_torch_counts(drawn: InternVLU, scene: Image) -> None:
    with torch.inference_mode(), counted() as counter:
        drawn.parts.encode_tile(scene)
    assert drawn.vae_flops((224, 224)) == counter.get_total_flops()


def test_the_vision_tower_of_the_4b_model_costs_what_was_measured() -> None:
    assert vit_flops(model_shape(FULL_SIZE, 2), 256) / 2e12 == pytest.approx(0.361, abs=0.005)


def test_a_token_of_the_4b_model_takes_112_kib() -> None:
    language = model_shape(FULL_SIZE, 2).language
    assert 2 * language.layers * language.kv_heads * language.head_dim * language.kv_itemsize == 112 * 1024
