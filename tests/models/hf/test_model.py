from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from g2tr.errors import InputError
from g2tr.metrics.account import account
from g2tr.models.base import Limited, Model
from g2tr.models.hf.cost import attention_flops
from g2tr.models.hf.latents import BorrowedLatents
from g2tr.models.hf.model import HFModel
from g2tr.models.hf.reduce import reduce_inputs
from g2tr.reducers.cascade import Cascade
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.relevance import Relevance
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from tests.models.hf.families import FAMILIES, seeded
from tests.models.hf.test_reduce import tiny_vae

HALF = Reducer(Norm(), TopK(), Nearest(), keep_ratio=0.5, min_keep=1, name="half")
GUIDED = Reducer(LatentContrast(), TopK(), Drop(), keep_ratio=0.5, min_keep=1, name="guided")
ASKED = Reducer(Relevance(), TopK(), Drop(), keep_ratio=0.5, min_keep=1, name="asked")
PICTURE = Image.new("RGB", (48, 48), "gray")
NETWORKS: dict[str, Any] = {}


class Processor:
    """Hands out the inputs of a family; a prompt is the id of its last word, an answer the ids of its words."""

    chat_template, image_token = None, "<image>"

    def __init__(self, family: str) -> None:
        self.family = family

    def __call__(self, images: Sequence[Any], text: Sequence[str], **_: Any) -> Mapping[str, Any]:
        inputs = dict(FAMILIES[self.family].inputs(len(images)))
        inputs["input_ids"] = inputs["input_ids"].clone()
        inputs["input_ids"][:, -1] = int(text[0].split(">")[-1].replace("?", "9"))
        return inputs

    def decode(self, ids: torch.Tensor, skip_special_tokens: bool) -> str:
        return " ".join(map(str, ids.tolist()))


def model_of(family: str, **settings: Any) -> HFModel:
    if family not in NETWORKS:
        NETWORKS[family] = seeded(FAMILIES[family].model)
    return HFModel("tiny", NETWORKS[family], Processor(family), {"native_query": "joint"}, **settings)


def written(model: HFModel, reducer: Reducer | None, prompt: str = "9") -> str:
    """The answer as four lines of a user's own would get it."""
    inputs = model.processor([PICTURE], [prompt])
    shorter = reduce_inputs(model.network, inputs, reducer)
    ids = model.network.generate(**shorter, max_new_tokens=4, do_sample=False)
    return str(model.processor.decode(ids[0, shorter["input_ids"].shape[1] :], skip_special_tokens=True))


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_answers_as_generate_does_with_the_same_tokens(family: str) -> None:
    model = model_of(family)
    for reducer in (None, HALF):
        assert model.answer(PICTURE, "9", reducer, max_tokens=4) == written(model, reducer)


@pytest.mark.parametrize("family", FAMILIES)
def test_prefill_flops_of_every_family_equal_those_that_torch_counts_in_its_layers(family: str) -> None:
    model = model_of(family)
    (outcome,) = model.answers(PICTURE, "9", HALF, max_tokens=1)
    cost = account(outcome, model.shape, model.vae_flops)["cost"]
    rows = outcome.trace.blocks[0].rows[0]
    decoder = model.network.get_decoder()
    operator = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    with FlopCounterMode(display=False, custom_mapping={operator: counted_attention}) as counter, torch.no_grad():
        decoder(inputs_embeds=torch.randn(1, rows, 32), position_ids=torch.arange(rows)[None])
    counts = counter.get_flop_counts()
    layers = [sum(own.values()) for name, own in counts.items() if name.rpartition(".layers.")[2].isdigit()]
    assert len(layers) == 2 and cost["prefill_flops"] == sum(layers)
    assert cost["kv_bytes"] == 2 * 2 * 2 * 8 * 4 * rows


def counted_attention(*shapes: Any, out_shape: Any = None, **_: Any) -> int:
    return attention_flops(*shapes[:3])


def test_the_unreduced_model_costs_what_a_reduced_run_is_compared_with() -> None:
    model = model_of("llava")
    costs = [
        account(model.answers(PICTURE, "9", reducer, max_tokens=2)[0], model.shape, model.vae_flops)
        for reducer in (None, HALF)
    ]
    full, half = (each["cost"] for each in costs)
    assert full["prefill_flops"] == full["prefill_flops_full"] == half["prefill_flops_full"] > half["prefill_flops"]
    assert full["kv_bytes"] == full["kv_bytes_full"] == half["kv_bytes_full"] > half["kv_bytes"]
    assert full["vit_flops"] == half["vit_flops"] == half["vit_flops_full"]
    assert [each["visual_tokens"]["kept"] for each in costs] == [36, 18]


def test_the_encoder_of_llava_costs_patches_two_layers_and_a_connector() -> None:
    model = model_of("llava")
    (outcome,) = model.answers(PICTURE, "9", None, max_tokens=1)
    n, d, m, rows = 36, 32, 48, 37
    layer = rows * (4 * d * d + 2 * d * m) + 2 * rows * rows * d
    assert outcome.trace.encoder_flops == 2 * (n * 3 * 64 * d + 2 * layer + n * 2 * d * d)


@pytest.mark.parametrize("family", ["llava", "qwen2_5_vl", "smolvlm"])
def test_questions_about_one_image_are_answered_as_alone(family: str) -> None:
    model = model_of(family)
    for reducer in (HALF, ASKED):
        together = model.answers(PICTURE, ["9", "11", "23"], reducer, max_tokens=4)
        alone = [written(model, reducer, prompt) for prompt in ("9", "11", "23")]
        assert [outcome.output for outcome in together] == alone


def test_two_images_are_two_views() -> None:
    (outcome,) = model_of("llava").answers([PICTURE, PICTURE], "9", HALF, max_tokens=1)
    assert [(view.grid, len(view.kept)) for view in outcome.trace.views] == [((6, 6), 18)] * 2


def test_of_tiles_the_overview_is_shown_first() -> None:
    model = model_of("smolvlm")
    assert model.ordered([1, 2, 3], images=1) == [3, 1, 2]
    assert model.ordered([1, 2, 3], images=2) == [1, 2, 3]
    assert model_of("llava_onevision").ordered([1, 2], images=1) == [1, 2]


def test_borrowed_latents_are_read_and_billed() -> None:
    model = model_of("llava", latents=BorrowedLatents(tiny_vae()))
    (outcome,) = model.answers(PICTURE, "9", GUIDED, max_tokens=1)
    assert len(outcome.trace.views[0].kept) == 18
    assert account(outcome, model.shape, model.vae_flops)["cost"]["anchor_flops"] > 0
    assert {"encode", "anchors", "reduce", "prefill", "decode"} <= set(outcome.seconds)


def test_what_it_cannot_do_is_one_line_before_anything_is_predicted() -> None:
    model = model_of("llava")
    assert isinstance(model, Model) and isinstance(model, Limited)
    inner = Cascade([Reducer(Attention(), TopK(), Drop(), at=Depth(1), name="fastv")], name="fastv")
    with pytest.raises(InputError, match="tiny answers questions and cannot edit images"):
        model.require_able(HALF, {"answer", "edit"})
    with pytest.raises(InputError, match="'fastv' acts inside the language model"):
        model.require_able(inner, {"answer"})
    with pytest.raises(InputError, match="'guided' needs LatentGrid, which this model does not give; latents="):
        model.require_able(GUIDED, {"answer"})
    with pytest.raises(InputError, match="cannot edit images"):
        model.edit(PICTURE, "paint it red")
    with pytest.raises(InputError, match="at least one image"):
        model.answers([], "9")
    model.require_able(HALF, {"answer"})


def test_tokens_are_encoded_with_their_evidence() -> None:
    tokens = model_of("qwen2_5_vl").encode(PICTURE)
    assert tokens.grid == (3, 4) and tokens.features.shape == (12, 32)
