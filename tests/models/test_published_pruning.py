"""FastV and PyramidDrop on a small Llama, against what their own modelling code keeps and computes on it."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaModel

from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.context import PendingImage, State
from g2tr.models.engine.kv_cache import Block, Cache
from g2tr.models.engine.layer_reduction import prefill_images
from g2tr.models.engine.layout import pack
from g2tr.models.engine.protocols import Rotation
from g2tr.models.engine.trace import View
from g2tr.reducers.cascade import KEEP_ALL, Cascade
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.next_attention import NextAttentionRank
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.stages import Importance
from g2tr.reducers.tokens import VisualTokens

CASES = json.loads((Path(__file__).parents[1] / "data" / "pruning.json").read_text())["cases"]
START, TOKENS, TEXT, WIDTH, LAYERS, HEADS = 5, 24, 7, 32, 8, 4
RULES: dict[str, tuple[Importance, str]] = {
    "fastv": (Attention(), "original"),
    "pyramiddrop": (NextAttentionRank(), "compact"),
}


def waves(shape: tuple[int, ...], index: int) -> Tensor:
    """Numbers that are the same on every processor."""
    count = torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.float64)
    return torch.sin(count * (0.7 + 0.3 * index) + index).reshape(shape)


class Llama:
    """Layers of transformers' Llama as the walk wants them, in float64."""

    rope = (10_000.0, WIDTH // HEADS)

    def __init__(self) -> None:
        config = LlamaConfig(
            hidden_size=WIDTH, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=HEADS, vocab_size=11
        )
        self.model = LlamaModel(config).double().eval()
        for index, (name, weight) in enumerate(sorted(self.model.named_parameters())):
            wave = waves(tuple(weight.shape), index)
            weight.data = 1 + 0.2 * wave if "norm" in name else wave * (3 / weight.shape[-1]) ** 0.5

    def rotary(self, block: Block) -> Rotation:
        waves = 10_000.0 ** (-torch.arange(0, WIDTH // HEADS, 2).double() * HEADS / WIDTH)
        angles = (block.positions[:, None].double() * waves).repeat(1, 2)
        return angles.cos(), angles.sin()

    def project_qkv(self, index: int, rows: Tensor, rotary: Rotation) -> tuple[Tensor, Tensor, Tensor]:
        layer = self.model.layers[index]
        x, own = layer.input_layernorm(rows), layer.self_attn
        q, k, v = (made(x).unflatten(1, (HEADS, -1)) for made in (own.q_proj, own.k_proj, own.v_proj))
        return rotated(q, rotary), rotated(k, rotary), v

    def advance(self, index: int, rows: Tensor, block: Block, rotary: Rotation, cache: Cache, attend: Any) -> Tensor:
        q, k, v = self.project_qkv(index, rows, rotary)
        cache.layers[index] = (k, v)
        layer = self.model.layers[index]
        rows = rows + layer.self_attn.o_proj(attend(q, k, v, pack((len(rows),), (0,)), True).flatten(1))
        return rows + layer.mlp(layer.post_attention_layernorm(rows))

    def finish(self, rows: Tensor, block: Block) -> Tensor:
        return self.model.norm(rows)


class Silent:
    """A tokenizer that nobody asks."""

    def encode(self, *given: object, **named: object) -> Any:
        raise NotImplementedError

    decode = encode


class Components:
    """A model that is only walked through."""

    native_query = "joint"
    attend, device, tokenizer = staticmethod(attend_sdpa), torch.device("cpu"), Silent()

    def __init__(self) -> None:
        self.language = Llama()

    def embed(self, *given: object) -> Any:
        raise NotImplementedError

    vit_grid = encode_vit = embed


def rotated(x: Tensor, rotary: Rotation) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * rotary[0][:, None] + torch.cat([-second, first], dim=-1) * rotary[1][:, None]


@torch.inference_mode()
def read(case: dict[str, Any]) -> tuple[list[int], View, Tensor]:
    """The layers of the steps, the image at the end, and the last row, of one prompt read by our rule."""
    importance, positions = RULES[case["method"]]
    steps = [Reducer(importance, TopK(), Drop(), 0.5, 1, at=Depth(layer)) for layer in case["layers"]]
    rows = torch.sin(waves((START + TOKENS + TEXT, WIDTH), 99) * 37 + torch.arange(WIDTH) * 1.3)
    empty = torch.zeros(0, HEADS, WIDTH // HEADS, dtype=torch.float64)
    state: State[Any] = State(Components(), Cache([(empty, empty)] * LAYERS))
    tokens = VisualTokens(rows[START : START + TOKENS], (4, 6))
    state.trace = state.trace.view(View.of(tokens, KEEP_ALL(tokens), LAYERS))
    image = PendingImage(START, 0, 0, torch.arange(START, START + TOKENS))
    block = Block(rows, torch.arange(len(rows)), (len(rows),), causal=True)
    prefill_pass, found = prefill_images(state, block, [image], Cascade(steps, "joint"), TEXT, positions == "compact")
    return (
        [found[layer][0].kept.tolist() for layer in case["layers"]],
        state.trace.views[0],
        prefill_pass.finish(len(rows))[-1],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["method"])
def test_tokens_are_kept_and_rows_computed_as_by_the_official_modelling_code(case: dict[str, Any]) -> None:
    steps, view, last = read(case)
    alive = list(range(TOKENS))
    for kept, wanted in zip(steps, case["kept"], strict=True):
        alive = [alive[place] for place in kept]
        assert alive == wanted
    assert view.kept.tolist() == case["kept"][-1]
    # the official layers round cosines and softmax to float32: measured 3e-7
    torch.testing.assert_close(last, torch.tensor(case["last"], dtype=torch.float64), atol=3e-6, rtol=0)
