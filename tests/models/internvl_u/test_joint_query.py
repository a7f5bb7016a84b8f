"""Images and question in one prefill, with the last row of the prompt as the query, as the papers have it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import torch
from omegaconf import DictConfig
from PIL.Image import Image
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from g2tr.config import build
from g2tr.metrics.cost import cost_of
from g2tr.models.engine.attention import causal_mask
from g2tr.models.engine.clock import PhaseTimer
from g2tr.models.engine.kv_cache import Block
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.prompt import system_turn, user_pieces
from g2tr.reducers.cascade import KEEP_ALL, Cascade, ReductionPlan
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.next_attention import NextAttentionRank
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import QueryValues, Rotary, VisualTokens
from tests.metrics.test_cost import counted

QUESTIONS = ["what color is the ring ?", "is there a red star ?"]
LAYERS, LAYER, TOKENS = 6, 2, 64


def fastv(ratio: float = 0.5, query: str = "native", layer: int = LAYER) -> Cascade:
    return Cascade([Reducer(Attention(), TopK(), Drop(), ratio, 1, at=Depth(layer))], query)


def prompt_of(model: InternVLU, question: str) -> tuple[list[int], list[int]]:
    """The ids before the image and after it, without its markers."""
    opening, _, rest = user_pieces(question, 1)
    system = system_turn(model.system.answering(""))
    return model.parts.tokenize(f"{system}{opening}"), model.parts.tokenize(str(rest))


def in_one_prefill(
    model: InternVLU, image: Image, question: str, hidden: Sequence[int] = ()
) -> tuple[Tensor, list[Tensor], int]:
    """Logits of the answer's first id, the attention map of each layer ("h t t"), and the image's first row.

    Plain pieces: projections, softmax of the whole map, all rows in all layers. From layer `LAYER` on no row sees
    the `hidden` ones.
    """
    parts, (before, after) = model.parts, prompt_of(model, question)
    ids = [*before, parts.markers.image_start, parts.markers.image_end, *after]
    text = parts.embed(torch.tensor(ids, device=parts.device))
    start = len(before) + 1
    rows = torch.cat([text[:start], model.encode(image, frozenset()).features, text[start:]])
    positions, maps = torch.arange(len(rows), device=parts.device), []
    rotary = parts.language.rotary(Block(rows, positions, (len(rows),), causal=True))
    for index in range(LAYERS):
        q, k, v = parts.language.project_qkv(index, rows, rotary)
        mask = causal_mask(len(rows), len(rows), rows.device)
        if index >= LAYER:
            mask = mask.clone()
            mask[:, list(hidden)] = False
            mask.fill_diagonal_(True)
        heads = k.repeat_interleave(q.shape[1] // k.shape[1], dim=1)
        scores = torch.einsum("qhe,khe->hqk", q, heads) / q.shape[-1] ** 0.5
        maps.append(scores.masked_fill(~mask, -torch.inf).softmax(-1))
        q, k, v = (x.transpose(0, 1)[None] for x in (q, k, v))
        seen = scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)[0].transpose(0, 1)
        layer = parts.language.model.model.layers[index]
        rows = rows + layer.self_attn.o_proj(seen.flatten(1))
        rows = rows + layer.mlp(layer.post_attention_layernorm(rows))
    last = parts.language.model.model.norm(rows[-1:])
    return parts.language.logits(last), maps, start


@torch.inference_mode()
def ask(
    model: InternVLU, images: Sequence[Image], plan: ReductionPlan, question: str = QUESTIONS[0]
) -> tuple[Context, Tensor]:
    """A conversation before its answer, and the logits of the answer's first id."""
    (context,), (last,) = model.read_all(images, [question], plan, PhaseTimer())
    return context, model.parts.language.logits(last.last[-1:])


@pytest.mark.parametrize("question", QUESTIONS)
@torch.inference_mode()
def test_fastv_is_the_published_one(drawn: InternVLU, scene: Image, question: str) -> None:
    context, found = ask(drawn, [scene], fastv(), question)
    _, maps, start = in_one_prefill(drawn, scene, question)
    scores = maps[LAYER - 1].mean(0)[-1, start : start + TOKENS]
    kept = scores.topk(TOKENS // 2).indices.sort().values
    assert torch.equal(context.trace.views[0].kept, kept.cpu())
    hidden = sorted({*range(TOKENS)} - {*kept.tolist()})
    wanted, _, _ = in_one_prefill(drawn, scene, question, [start + token for token in hidden])
    assert (found - wanted).abs().max() < 1e-5
    assert context.trace.views[0].read == (64, 64, 32, 32, 32, 32)


def test_keeping_all_is_no_reduction_bit_for_bit_and_reads_no_evidence(drawn: InternVLU, scene: Image) -> None:
    plain, wanted = ask(drawn, [scene], KEEP_ALL)
    for plan in (fastv(1.0), fastv(1.0, "joint"), replace(fastv(), steps=[replace(fastv().steps[0], min_keep=64)])):
        context, found = ask(drawn, [scene], plan)
        assert torch.equal(found, wanted)
        assert context.trace.blocks == plain.trace.blocks and context.trace.looks == ()


def test_the_question_decides_what_stays(drawn: InternVLU, scene: Image) -> None:
    kept = [
        [outcome.trace.views[0].kept.tolist() for outcome in drawn.answers([scene], QUESTIONS, plan, 2)]
        for plan in (fastv(query="joint"), fastv(query="image_end"))
    ]
    assert kept[0][0] != kept[0][1] and kept[1][0] == kept[1][1]


def test_native_is_joint_here(drawn: InternVLU, scene: Image) -> None:
    native, joint = (drawn.answers([scene], QUESTIONS, fastv(query=query), 4) for query in ("native", "joint"))
    assert [outcome.output for outcome in native] == [outcome.output for outcome in joint]
    assert [outcome.trace.blocks for outcome in native] == [outcome.trace.blocks for outcome in joint]
    assert drawn.settings["native_query"] == "joint"


def test_an_image_is_seen_once_and_prefilled_with_each_question(drawn: InternVLU, scene: Image) -> None:
    outcomes = drawn.answers([scene], QUESTIONS, fastv(), 2)
    for question, outcome in zip(QUESTIONS, outcomes, strict=True):
        rows = 66 + len(prompt_of(drawn, question)[1])
        block = outcome.trace.blocks[-1]
        assert (block.full_rows, block.rows) == (rows, (rows,) * 2 + (rows - 32,) * 4)
        assert outcome.trace.vit_patches == (64,)


@pytest.mark.parametrize("positions", ["original", "compact"])
def test_several_images_shrink_together_and_an_answer_goes_on_at_the_right_place(
    positions: str, drawn: InternVLU, scene: Image
) -> None:
    first = replace(fastv().steps[0], keep_ratio=0.5)
    plan = Cascade([first, replace(first, at=Depth(4))], "joint", positions=positions)
    prompt = "is <image> like <image> ?"
    context, _ = ask(drawn, [scene, scene.rotate(90)], plan, prompt)
    assert [view.cached for view in context.trace.views] == [(64, 64, 32, 32, 16, 16)] * 2
    assert context.position_offsets == ((0, 0, 64, 64, 96, 96) if positions == "compact" else ())
    assert context.rope == context.length == context.trace.full
    together, alone = (drawn.answers([scene, scene], prompts, plan, 8) for prompts in ([prompt, "why ?"], [prompt]))
    assert together[0].output == alone[0].output


@dataclass(frozen=True)
class Noted:
    """An importance that notes the evidence it gets."""

    found: list[VisualTokens]
    requires: ClassVar[frozenset[type]] = frozenset({Rotary, QueryValues})

    def __call__(self, tokens: VisualTokens) -> Tensor:
        self.found.append(tokens)
        return -torch.arange(len(tokens.features), device=tokens.features.device).float()


def noted(model: InternVLU, images: Sequence[Image], query: str, positions: str = "original") -> list[VisualTokens]:
    """What a reducer before layer 2, and one before layer 4, get to see of each image."""
    importance = Noted([])
    steps = [Reducer(importance, TopK(), Drop(), 0.5, 1, at=Depth(layer)) for layer in (2, 4)]
    ask(model, images, Cascade(steps, query, positions=positions))
    return importance.found


@pytest.mark.parametrize("query", ["joint", "image_end", "deferred"])
def test_evidence_has_the_rotary_positions_of_the_image(drawn: InternVLU, scene: Image, query: str) -> None:
    start = len(prompt_of(drawn, QUESTIONS[0])[0]) + 1
    found = [tokens.read(Rotary) for tokens in noted(drawn, [scene], query)]
    assert [rotary.positions.tolist() for rotary in found] == [[*range(start, start + n)] for n in (64, 32)]
    assert {(rotary.theta, rotary.width) for rotary in found} == {(1e6, 16)}


def test_positions_of_a_second_image_are_those_that_were_counted_anew(drawn: InternVLU, scene: Image) -> None:
    start = len(prompt_of(drawn, QUESTIONS[0])[0]) + 1
    gap = 2 + len(drawn.parts.tokenize("\n"))
    for query, order, wanted in (("joint", [1, 3], [64, 32]), ("image_end", [2, 3], [32, 16])):
        found = noted(drawn, [scene, scene], query, "compact")
        firsts = [int(found[place].read(Rotary).positions[0]) - start for place in order]
        assert firsts == [gap + before for before in wanted]


def test_all_text_after_the_image_asks_for_values(drawn: InternVLU, scene: Image) -> None:
    values = noted(drawn, [scene], "joint")[0].read(QueryValues)
    assert len(values.queries) == len(prompt_of(drawn, QUESTIONS[0])[1])
    assert len(values.tokens) == 64


@pytest.mark.parametrize("name", ["fastv", "window_fastv", "pyramiddrop", "vscan", "ivc_prune", "dart"])
def test_shipped_cascades_read_image_and_question_together(
    name: str, drawn: InternVLU, scene: Image, compose: Callable[..., DictConfig]
) -> None:
    plan = build(compose(f"reducer={name}").reducer)
    assert plan.query == "native"
    outcome = drawn.answers([scene], QUESTIONS[:1], plan, 2)[0]
    assert len(outcome.trace.blocks) == 3
    assert outcome.trace.blocks[-1].full_rows == 66 + len(prompt_of(drawn, QUESTIONS[0])[1])


def test_flops_of_several_images_are_those_that_were_counted(drawn: InternVLU, scene: Image) -> None:
    steps = [Reducer(NextAttentionRank(), TopK(), Drop(), 0.5, 1, at=Depth(layer)) for layer in (1, 3, 5)]
    context, tokens = drawn.context(), drawn.encode(scene, frozenset())
    with torch.inference_mode(), counted() as counter:
        context.read_text(system_turn("Look."))
        for _ in range(2):
            context.read_tokens(tokens, KEEP_ALL(tokens), Cascade(steps, "joint", positions="compact"))
            context.read_text("and")
        context.ask(QUESTIONS[0])
    cost = cost_of(context.trace, context.kv_bytes, drawn.shape, 0)
    assert cost.prefill_flops + cost.evidence_flops == counter.get_total_flops()
    assert context.trace.blocks[-1].rows[-1] == context.trace.blocks[-1].full_rows - 2 * (64 - 8)


def test_what_is_held_is_no_row_until_it_is_asked(drawn: InternVLU, scene: Image) -> None:
    context = drawn.context()
    with torch.inference_mode():
        context.read_text("<|im_start|>")
        pending_blocks: list[Hidden] = [context.read_image(scene, fastv()), context.read_text("\n")]
        assert [len(rows.last) for rows in pending_blocks] == [0, 0] and context.length == 1
        rows, _ = context.fork().ask("Why?")
    assert len(rows.last) == 34 + 1 + len(drawn.parts.tokenize("Why?"))
    assert len(context.pending_blocks) == 2
