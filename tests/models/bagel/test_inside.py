"""Reduction between layers, on the embedded model and on a prompt about one scene."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from PIL.Image import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.metrics.cost import cost_of
from g2tr.models.bagel.context import Context
from g2tr.models.bagel.decode import next_logits
from g2tr.models.bagel.model import Bagel
from g2tr.models.engine.attention import attend_one
from g2tr.models.engine.layout import Layout
from g2tr.reducers.cascade import KEEP_ALL, Cascade, ReductionPlan
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.next_attention import NextAttentionRank
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from tests.metrics.test_cost import counted
from tests.models.masked import attend_hiding

PROMPT = "what color is the ring ?"
LAYER = 2
evict_lower_layers = pytest.mark.parametrize("query", ["image_end", "deferred"])


def plan(ratio: float, query: str, *layers: int, importance: Any = None, evict_lower_layers: bool = False) -> Cascade:
    steps = [
        Reducer(importance or Attention(), TopK(), Drop(), keep_ratio=ratio, min_keep=1, at=Depth(layer))
        for layer in layers or (LAYER,)
    ]
    return Cascade(steps, query, evict_lower_layers)


def converse(bagel: Bagel, image: Image, reducer: ReductionPlan) -> tuple[Context, Tensor]:
    """A context that has read image and prompt, and the logits of the first word of the answer."""
    context = bagel.context()
    with torch.inference_mode():
        context.read_image(image, reducer)
        context.read_text(PROMPT)
        return context, next_logits([context.fork()], [bagel.parts.markers.text_start])


@evict_lower_layers
@pytest.mark.parametrize("importance", [Attention(), NextAttentionRank()], ids=["fastv", "pyramiddrop"])
def test_keeping_all_gives_the_logits_of_no_reduction_bit_for_bit(
    bagel_tiny: Bagel, scene: Image, query: str, importance: Any
) -> None:
    _, wanted = converse(bagel_tiny, scene, KEEP_ALL)
    _, found = converse(bagel_tiny, scene, plan(1.0, query, importance=importance))
    assert torch.equal(found, wanted)


@dataclass
class Blind:
    """Attention that hides some image tokens from every row, from layer `layer` on, once the rows have been chosen.

    The image block's own dropped rows still run, but no row that stays can see them.
    """

    layers: int
    layer: int
    hidden: Sequence[int]
    hides_text_only: bool
    calls: int = 0

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
        index, self.calls = self.calls % self.layers, self.calls + 1
        if index < self.layer or (self.hides_text_only and not causal):
            return attend_one(q, k, v, causal)
        return attend_hiding(q, k, v, self.hidden, causal)


@evict_lower_layers
def test_dropping_from_a_layer_on_equals_masking_from_that_layer_on(
    bagel_tiny: Bagel, scene: Image, query: str
) -> None:
    context, found = converse(bagel_tiny, scene, plan(0.5, query))
    kept = set(context.trace.views[0].kept.tolist())
    hidden = [1 + token for token in range(256) if token not in kept]
    layers = bagel_tiny.shape.language.layers
    blind = Blind(layers, LAYER, hidden, hides_text_only=query == "deferred")
    parts = type(bagel_tiny.parts)(**{**vars(bagel_tiny.parts), "attend": blind})
    tokens = bagel_tiny.encode(scene, frozenset())
    masked = Context.new(parts)
    with torch.inference_mode():
        masked.read_tokens(tokens, KEEP_ALL(tokens))
        masked.read_text(PROMPT)
        wanted = next_logits([masked], [parts.markers.text_start])
    error = (found - wanted).abs().max().item()
    assert error < 1e-5
    assert len(kept) == 128


@evict_lower_layers
def test_caches_grow_shorter_from_a_layer_on_or_everywhere(bagel_tiny: Bagel, scene: Image, query: str) -> None:
    text = len(bagel_tiny.parts.tokenize(PROMPT))
    above, _ = converse(bagel_tiny, scene, plan(0.5, query))
    assert above.lengths == [258 + text] * 2 + [130 + text] * 4
    all_layers, _ = converse(bagel_tiny, scene, plan(0.5, query, evict_lower_layers=True))
    assert all_layers.lengths == [130 + text] * 6
    assert all_layers.trace.views[0].read == ((256,) * 6 if query == "deferred" else (256, 256, 128, 128, 128, 128))


@evict_lower_layers
def test_steps_follow_one_another(bagel_tiny: Bagel, scene: Image, query: str) -> None:
    context, _ = converse(bagel_tiny, scene, plan(0.5, query, 1, 3, 5))
    assert context.trace.views[0].cached == (256, 128, 128, 64, 64, 32)
    assert len(context.trace.views[0].kept) == 32


@evict_lower_layers
def test_flops_and_bytes_are_those_of_the_rows_that_were_there(bagel_tiny: Bagel, scene: Image, query: str) -> None:
    cascade = plan(0.5, query)
    context = bagel_tiny.context()
    tokens = bagel_tiny.encode(scene, frozenset())
    with torch.inference_mode(), counted() as counter:
        context.read_tokens(tokens, KEEP_ALL(tokens), cascade)
        context.read_text(PROMPT)
    cost = cost_of(context.trace, context.kv_bytes, bagel_tiny.shape, 0)
    assert cost.prefill_flops + cost.evidence_flops == counter.get_total_flops()
    assert 0 < cost.evidence_flops < 0.05 * cost.prefill_flops
    assert cost.kv_bytes == context.kv_bytes < cost.kv_bytes_full


def test_merging_inside_keeps_homes_from_the_first_token_on(bagel_tiny: Bagel, scene: Image) -> None:
    steps = [Reducer(Attention(), TopK(), Nearest(), keep_ratio=0.5, min_keep=1, at=Depth(layer)) for layer in (1, 3)]
    view = converse(bagel_tiny, scene, Cascade(steps))[0].trace.views[0]
    assert view.assignment.shape == (256,)
    assert view.assignment.min() >= 0 and view.assignment.max() == 63
    assert torch.equal(view.assignment[view.kept], torch.arange(64))


@evict_lower_layers
def test_an_edit_runs_with_shorter_caches(bagel_tiny: Bagel, scene: Image, query: str) -> None:
    outcome = bagel_tiny.edit([scene], "make the background navy", plan(0.5, query), seed=1)
    assert outcome.output.size == (224, 224)
    assert outcome.trace.views[0].cached == (256, 256, 128, 128, 128, 128)


def test_an_image_is_not_read_together_with_its_question(bagel_tiny: Bagel, scene: Image) -> None:
    line = "query=joint needs a causal model; this one reads an image before its question: use image_end, deferred or"
    for call in (bagel_tiny.answers, bagel_tiny.edit):
        with pytest.raises(InputError, match=line):
            call([scene], [PROMPT] if call == bagel_tiny.answers else PROMPT, plan(0.5, "joint"))


def test_native_is_the_end_of_the_image_here(bagel_tiny: Bagel, scene: Image) -> None:
    native, explicit = (converse(bagel_tiny, scene, plan(0.5, query)) for query in ("native", "image_end"))
    assert torch.equal(native[1], explicit[1])
    assert native[0].trace.blocks == explicit[0].trace.blocks
    assert bagel_tiny.settings["native_query"] == "image_end"


@evict_lower_layers
def test_steps_that_keep_all_read_no_evidence(bagel_tiny: Bagel, scene: Image, query: str) -> None:
    assert converse(bagel_tiny, scene, plan(1.0, query))[0].trace.looks == ()
    few = replace(plan(0.5, query, 1, 3).steps[1], min_keep=128)
    context, _ = converse(bagel_tiny, scene, Cascade([plan(0.5, query, 1).steps[0], few], query))
    assert len(context.trace.looks) == 1 and context.trace.views[0].cached == (256, *[128] * 5)


def test_no_anchors_are_encoded_for_an_image_of_which_every_token_stays(bagel_tiny: Bagel, scene: Image) -> None:
    reducer = Reducer(Latent(), TopK(), Drop(), min_keep=256)
    context, found = converse(bagel_tiny, scene, reducer)
    assert context.trace.anchor_encodes == ()
    assert torch.equal(found, converse(bagel_tiny, scene, KEEP_ALL)[1])


def test_several_images_leave_the_caches_each_by_its_own_budget(bagel_tiny: Bagel, scene: Image) -> None:
    for query in ("image_end", "deferred"):
        outcome = bagel_tiny.answers([scene, scene.rotate(90)], [PROMPT], plan(0.25, query), 2)[0]
        assert [len(view.kept) for view in outcome.trace.views] == [64, 64]


def test_the_question_can_be_read_first(bagel_tiny: Bagel, scene: Image) -> None:
    outcome = bagel_tiny.answers([scene], [PROMPT, "is there a red star ?"], plan(0.5, "text_first"), 2)[0]
    assert [block.full_rows for block in outcome.trace.blocks] == [len(bagel_tiny.parts.tokenize(PROMPT)), 258]
    with pytest.raises(InputError, match="reads its image first"):
        bagel_tiny.edit([scene], "make the background navy", plan(0.5, "text_first"))


def test_evidence_of_the_encoder_is_refused_inside(bagel_tiny: Bagel, scene: Image) -> None:
    with pytest.raises(InputError, match="Anchors cannot be read inside"):
        converse(bagel_tiny, scene, plan(0.5, "image_end", importance=Latent()))


def guiding(bagel: Bagel, image: Image, reducer: ReductionPlan) -> tuple[Context, Context]:
    """What an edit hands to its drawing: the whole conversation and the one without its text."""
    seen: list[Context] = []

    class Watched(Context):
        def write_latent(self, size: Any, sampling: Any, without_text: Any, *rest: Any) -> Tensor:
            seen.extend((self, without_text))
            return super().write_latent(size, sampling, without_text, *rest)

    class Watching(Bagel):
        def context(self) -> Context:
            return Watched.new(self.parts)

    sampling = replace(bagel.sampling, num_timesteps=2, text_scale=4.0, image_scale=2.0)
    Watching(**{**vars(bagel), "sampling": sampling}).edit(image, "make it red", reducer)
    return seen[0], seen[1]


@pytest.mark.parametrize("evict_lower_layers", [False, True])
@pytest.mark.parametrize("layers", [(2,), (2, 3)])
def test_the_textless_context_of_an_edit_keeps_the_tokens_that_the_instruction_kept(
    bagel_tiny: Bagel, scene: Image, layers: tuple[int, ...], evict_lower_layers: bool
) -> None:
    """Both caches differ by the rows of the instruction alone, in every layer."""
    full, textless = guiding(bagel_tiny, scene, plan(0.5, "deferred", *layers, evict_lower_layers=evict_lower_layers))
    text = len(bagel_tiny.parts.tokenize("make it red"))
    assert [length - text for length in full.lengths] == textless.lengths
    assert len(set(textless.lengths)) > 1 or evict_lower_layers
    for (keys, values), (fewer_keys, fewer_values) in zip(full.cache.layers, textless.cache.layers, strict=True):
        assert torch.equal(keys[:-text], fewer_keys) and torch.equal(values[:-text], fewer_values)
    assert not textless.pending
    assert [view.kept.tolist() for view in textless.trace.views] == [view.kept.tolist() for view in full.trace.views]
