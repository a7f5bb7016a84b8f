"""Reduction between layers of a causal language model, on random weights and one scene."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import torch
from PIL.Image import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.metrics.cost import cost_of
from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.layout import Layout
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.language import QwenLanguage
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.prompt import system_turn, user_pieces
from g2tr.reducers.cascade import KEEP_ALL, Cascade, ReductionPlan
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.next_attention import NextAttentionRank
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.value_similarity import ValueSimilarity
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from tests.metrics.test_cost import counted
from tests.models.masked import attend_hiding

LAYERS, LAYER, TOKENS = 6, 2, 64
OPENING, _, QUESTION = user_pieces("what color is the ring ?", 1)
every_query = pytest.mark.parametrize("query", ["image_end", "deferred", "joint"])


def plan(ratio: float, query: str, *layers: int, importance: Any = None, evict_lower_layers: bool = False) -> Cascade:
    steps = [
        Reducer(importance or Attention(), TopK(), Drop(), keep_ratio=ratio, min_keep=1, at=Depth(layer))
        for layer in layers or (LAYER,)
    ]
    return Cascade(steps, query, evict_lower_layers)


@torch.inference_mode()
def converse(model: InternVLU, image: Image, reducer: ReductionPlan) -> tuple[Context, Tensor]:
    """A context that has read image and question, and the logits of the first id of the answer."""
    context = model.context()
    context.read_pieces([system_turn("Look."), OPENING], [image], reducer)
    context.read_image(image, reducer)
    hidden, _ = context.ask(str(QUESTION))
    return context, model.parts.language.logits(hidden.last[-1:])


def rows_before_tokens(model: InternVLU) -> int:
    return sum(len(model.parts.tokenize(text)) for text in (system_turn("Look."), str(OPENING))) + 1


@every_query
@pytest.mark.parametrize("importance", [Attention(), NextAttentionRank(), ValueSimilarity()])
def test_keeping_all_gives_the_logits_of_no_reduction_bit_for_bit(
    drawn: InternVLU, scene: Image, query: str, importance: Any
) -> None:
    _, wanted = converse(drawn, scene, KEEP_ALL)
    _, found = converse(drawn, scene, plan(1.0, query, importance=importance))
    assert torch.equal(found, wanted)


@dataclass
class Blind:
    """Attention that hides key rows from every row, from layer `LAYER` of block `block` on.

    The dropped rows of the image still run, but no row that stays can see them.
    """

    hidden: list[int]
    block: int
    calls: int = 0

    def __call__(self, q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
        block, layer = divmod(self.calls, LAYERS)
        self.calls += 1
        if layer < LAYER or block < self.block:
            return attend_sdpa(q, k, v, layout, causal)
        return attend_hiding(q, k, v, self.hidden, causal)


@pytest.mark.parametrize("query, block", [("image_end", 2), ("deferred", 3), ("joint", 2)])
def test_dropping_from_a_layer_on_equals_masking_from_that_layer_on(
    drawn: InternVLU, scene: Image, query: str, block: int
) -> None:
    context, found = converse(drawn, scene, plan(0.5, query))
    kept, start = set(context.trace.views[0].kept.tolist()), rows_before_tokens(drawn)
    hidden = [start + token for token in range(TOKENS) if token not in kept]
    blind = replace(drawn, parts=replace(drawn.parts, attend=Blind(hidden, block)))
    _, wanted = converse(blind, scene, KEEP_ALL)
    assert (found - wanted).abs().max() < 1e-5
    assert len(kept) == 32


@every_query
def test_caches_grow_shorter_from_a_layer_on_or_everywhere(drawn: InternVLU, scene: Image, query: str) -> None:
    rest = rows_before_tokens(drawn) + 1 + len(drawn.parts.tokenize(str(QUESTION)))
    above, _ = converse(drawn, scene, plan(0.5, query))
    assert above.lengths == [rest + 64] * 2 + [rest + 32] * 4
    evict_lower_layers, _ = converse(drawn, scene, plan(0.5, query, evict_lower_layers=True))
    assert evict_lower_layers.lengths == [rest + 32] * 6
    assert evict_lower_layers.trace.views[0].read == ((64,) * 6 if query == "deferred" else (64, 64, 32, 32, 32, 32))


@every_query
def test_steps_follow_one_another(drawn: InternVLU, scene: Image, query: str) -> None:
    context, _ = converse(drawn, scene, plan(0.5, query, 1, 3, 5))
    assert context.trace.views[0].cached == (64, 32, 32, 16, 16, 8)


class Heard(QwenLanguage):
    """Notes the positions, modulo 2π, at which keys of each layer are cached; the fastest wave turns by one."""

    angles: dict[int, list[Tensor]]
    asked: list[tuple[Tensor, Tensor]]

    def pass_layer(self, index: int, rows: Tensor, block: Any, rotary: Any, *others: Any) -> Tensor:
        self.angles.setdefault(index, []).append(torch.atan2(rotary[1][:, 0], rotary[0][:, 0]))
        return super().pass_layer(index, rows, block, rotary, *others)


class Asked(Heard):
    """Notes the angle of a query row and that at which the layer below had just cached its key."""

    def project_qkv(self, index: int, rows: Tensor, rotary: Any) -> Any:
        if len(rows) == 1:
            self.asked.append((torch.atan2(rotary[1][-1, 0], rotary[0][-1, 0]), self.angles[index][-1][-1]))
        return super().project_qkv(index, rows, rotary)


def heard(
    model: InternVLU, images: list[Image], reducer: ReductionPlan, kind: type[Heard] = Heard
) -> tuple[Context, list[Tensor]]:
    """A conversation about images, and the angles of all keys in each layer."""
    language = kind(model.parts.network.language_model, model.parts.network.config.language)
    language.angles, language.asked = {}, []
    context = Context.new(replace(model.parts, language=language))
    with torch.inference_mode():
        context.read_text(system_turn("Look."))
        for image in images:
            context.read_image(image, reducer)
        context.ask(str(QUESTION))
    return context, [torch.cat(language.angles[layer]) for layer in range(LAYERS)]


def turned(found: Tensor, positions: Tensor) -> bool:
    """Whether these are the angles of positions."""
    angle = positions.float().to(found.device)
    return torch.allclose(torch.stack([found.cos(), found.sin()]), torch.stack([angle.cos(), angle.sin()]), atol=1e-3)


@pytest.mark.parametrize("importance", [Attention(), NextAttentionRank()])
def test_positions_can_be_counted_anew_from_a_step_on(drawn: InternVLU, scene: Image, importance: Any) -> None:
    steps = plan(0.5, "image_end", 2, 4, importance=importance)
    context, layers = heard(drawn, [scene, scene.rotate(90)], replace(steps, positions="compact"))
    assert all(turned(found, torch.arange(len(found))) for found in layers)
    assert [len(found) for found in layers] == context.lengths
    assert context.position_offsets == (0, 0, 64, 64, 96, 96)


def test_a_query_row_is_turned_as_in_the_layer_below_where_positions_are_counted_anew(
    drawn: InternVLU, scene: Image
) -> None:
    steps = replace(plan(0.5, "image_end", 2, 3, 4), positions="compact")
    context, _ = heard(drawn, [scene, scene.rotate(90)], steps, Asked)
    asked = context.parts.language.asked
    assert len(asked) == 6
    assert all(torch.equal(query, key) for query, key in asked)


def test_positions_stay_as_they_were_read_otherwise(drawn: InternVLU, scene: Image) -> None:
    context, layers = heard(drawn, [scene], plan(0.5, "image_end"))
    start = len(drawn.parts.tokenize(system_turn("Look."))) + 1
    kept, after = context.trace.views[0].kept, torch.arange(start + 64, len(layers[0]))
    assert turned(layers[0], torch.arange(len(layers[0])))
    assert turned(layers[-1], torch.cat([torch.arange(start), start + kept, after]))
    assert context.position_offsets == ()


def test_counting_anew_without_dropping_changes_nothing(drawn: InternVLU, scene: Image) -> None:
    _, wanted = converse(drawn, scene, KEEP_ALL)
    _, found = converse(drawn, scene, replace(plan(1.0, "image_end"), positions="compact"))
    assert torch.equal(found, wanted)


@every_query
def test_flops_and_bytes_are_those_of_the_rows_that_were_there(drawn: InternVLU, scene: Image, query: str) -> None:
    context, tokens = drawn.context(), drawn.encode(scene, frozenset())
    with torch.inference_mode(), counted() as counter:
        context.read_text(system_turn("Look."))
        context.read_tokens(tokens, KEEP_ALL(tokens), plan(0.5, query))
        context.ask(str(QUESTION))
    cost = cost_of(context.trace, context.kv_bytes, drawn.shape, 0)
    assert cost.prefill_flops + cost.evidence_flops == counter.get_total_flops()
    assert 0 < cost.evidence_flops < 0.05 * cost.prefill_flops
    stored = sum(x.untyped_storage().nbytes() for pair in context.cache.layers for x in pair)
    assert cost.kv_bytes == context.kv_bytes <= stored
    assert cost.kv_bytes < cost.kv_bytes_full


@every_query
def test_both_rows_of_an_edit_with_images_keep_the_same_tokens(drawn: InternVLU, scene: Image, query: str) -> None:
    from g2tr.models.internvl_u.generation import edit_rows

    with torch.inference_mode():
        rows = edit_rows(drawn.context(), [scene], "make it navy", "Edit.", plan(0.5, query))
    full, textless, empty = rows
    assert len(full.images[0].kept) == int(full.is_image.sum()) == int(textless.is_image.sum()) == 32
    assert torch.equal(full.images[0].kept, textless.images[0].kept)
    assert torch.allclose(full.states[full.is_image], textless.states[textless.is_image], atol=1e-5)
    assert empty.images == ()


@every_query
def test_several_images_leave_each_by_its_own_budget(drawn: InternVLU, scene: Image, query: str) -> None:
    outcome = drawn.answers([scene, scene.rotate(90)], ["why ?"], plan(0.25, query), 2)[0]
    assert [len(view.kept) for view in outcome.trace.views] == [16, 16]


def test_the_question_can_be_read_first(drawn: InternVLU, scene: Image) -> None:
    prompts = ["what color is the ring ?", "is there a red star ?"]
    first, late = (drawn.answers([scene], prompts, plan(0.5, query), 2) for query in ("text_first", "image_end"))
    rows = [[block.full_rows for block in outcome.trace.blocks] for outcome in (first[0], late[0])]
    assert sum(rows[0]) == sum(rows[1])
    assert rows[0].index(66) == rows[1].index(66) == 2
    assert rows[0][1] > rows[1][1]
    with pytest.raises(InputError, match="reads its image first"):
        drawn.edit([scene], "make it navy", plan(0.5, "text_first"))


def test_size_aware_attention_and_steps_inside_exclude_one_another_in_a_conversation(
    drawn: InternVLU, scene: Image
) -> None:
    sized, narrowing = Reducer(Norm(), TopK(), Nearest(), 0.5, size_alpha=1.0), plan(0.5, "image_end")
    for first, second in ((sized, narrowing), (narrowing, sized)):
        context = drawn.context()
        with torch.inference_mode(), pytest.raises(InputError, match="size_alpha works for reducers after the encoder"):
            context.read_text("Look.")
            context.read_image(scene, first)
            context.read_image(scene, second)


def test_images_that_wait_for_one_question_are_reduced_by_one_plan(drawn: InternVLU, scene: Image) -> None:
    context = drawn.context()
    with torch.inference_mode(), pytest.raises(InputError, match="must be reduced by the same plan"):
        context.read_text("Look.")
        context.read_image(scene, plan(0.5, "joint"))
        context.read_image(scene, plan(0.25, "joint"))


refusals: list[tuple[Callable[[], ReductionPlan], str]] = [
    (lambda: plan(0.5, "image_end", importance=Latent()), "Anchors cannot be read inside"),
    (
        lambda: Cascade([Reducer(Attention(), TopK(), Drop(), 1.0, size_alpha=1.0), *plan(0.5, "image_end").steps]),
        "size_alpha works for reducers after the encoder",
    ),
]


@pytest.mark.parametrize("build, message", refusals)
def test_what_does_not_exist_inside_is_refused(
    build: Callable[[], ReductionPlan], message: str, drawn: InternVLU, scene: Image
) -> None:
    with pytest.raises(InputError, match=message):
        converse(drawn, scene, build())


def test_an_image_waits_for_one_question_alone(drawn: InternVLU, scene: Image) -> None:
    context = drawn.context()
    with torch.inference_mode():
        context.read_text("Look.")
        context.read_image(scene, plan(0.5, "deferred"))
        assert len(context.pending) == 1
        context.ask(str(QUESTION))
        assert context.pending == ()
