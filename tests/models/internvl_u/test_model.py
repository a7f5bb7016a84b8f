from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import DictConfig
from PIL import Image

from g2tr.config import build, conf_dir
from g2tr.errors import InputError
from g2tr.metrics.account import account
from g2tr.metrics.cost import kv_bytes_of
from g2tr.models.base import Model, Outcome
from g2tr.models.internvl_u.flow import Sampling
from g2tr.models.internvl_u.load import load_internvl_u
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.random import random_internvl_u
from g2tr.reducers.cascade import KEEP_ALL, Cascade, ReductionPlan
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.relevance import Relevance
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.dpp import Dpp
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Question

HALF = Reducer(Latent(), Balanced(), Nearest(), keep_ratio=0.5)
FASTV = Cascade([Reducer(Attention(), TopK(), Drop(), min_keep=1, at=Depth(2))])
ASKED = Reducer(Relevance(), Dpp(), Drop(), keep_ratio=0.25, min_keep=1)
QUESTIONS = ["why ?", "what color is the ring ?", "is there a red star ?"]
REDUCERS = sorted(path.stem for path in (conf_dir() / "reducer").glob("*.yaml"))


def same(a: Image.Image, b: Image.Image) -> bool:
    return a.size == b.size and bool((np.array(a) == np.array(b)).all())


def test_it_is_a_model_of_the_contract(drawn: InternVLU) -> None:
    assert isinstance(drawn, Model)


@pytest.mark.parametrize("plan", [KEEP_ALL, HALF, ASKED, FASTV, replace(FASTV, query="deferred")])
def test_questions_asked_together_are_answered_as_alone(
    plan: ReductionPlan, drawn: InternVLU, scene: Image.Image
) -> None:
    together = drawn.answers([scene], QUESTIONS, plan, 6)
    for question, outcome in zip(QUESTIONS, together, strict=True):
        alone = drawn.answers([scene], [question], plan, 6)[0]
        assert outcome.output == alone.output
        assert (outcome.trace.blocks, outcome.kv_bytes) == (alone.trace.blocks, alone.kv_bytes)


def test_an_image_is_read_once_for_many_questions(drawn: InternVLU, scene: Image.Image) -> None:
    views = [outcome.trace.views[0] for outcome in drawn.answers([scene], QUESTIONS, HALF, 2)]
    assert all(view is views[0] for view in views)


def test_a_reducer_that_reads_the_question_keeps_other_tokens_for_another(drawn: InternVLU, scene: Image.Image) -> None:
    views = [outcome.trace.views[0] for outcome in drawn.answers([scene], QUESTIONS, ASKED, 2)]
    embeddings = drawn.parts.embed(torch.tensor(drawn.parts.tokenize(QUESTIONS[1]), device=drawn.parts.device))
    tokens = drawn.encode(scene)
    assert views[1].kept.equal(ASKED(tokens.with_evidence(Question(embeddings))).kept)
    assert not views[1].kept.equal(views[2].kept)
    assert not views[1].kept.equal(ASKED(tokens).kept)


def test_a_reduced_answer_costs_what_is_left(drawn: InternVLU, scene: Image.Image) -> None:
    outcome = drawn.answers([scene], QUESTIONS[:1], HALF, 2)[0]
    record = account(outcome, drawn.shape, drawn.vae_flops)
    rows = [block.rows[0] for block in outcome.trace.blocks]
    assert record["visual_tokens"] == {"full": 64, "kept": 32.0, "per_layer": [32] * 6, "kv_per_layer": [32] * 6}
    assert record["cost"]["kv_bytes"] == kv_bytes_of(drawn.shape.language, sum(rows))
    assert record["cost"]["kv_bytes_full"] == kv_bytes_of(drawn.shape.language, sum(rows) + 32)
    assert record["cost"]["anchor_flops"] == drawn.vae_flops((224, 224))


def test_images_are_read_in_order_each_by_its_own_budget(drawn: InternVLU, scene: Image.Image) -> None:
    turned = scene.rotate(90)
    pair, swapped, alone = (
        drawn.answers(images, QUESTIONS[1:2], HALF, 4)[0] for images in ([scene, turned], [turned, scene], [scene])
    )
    assert [len(view.kept) for view in pair.trace.views] == [32, 32]
    assert len({pair.output, swapped.output, alone.output}) == 3
    assert torch.equal(pair.trace.views[0].kept, alone.trace.views[0].kept)


def test_a_slot_in_the_text_is_where_its_image_goes(drawn: InternVLU, scene: Image.Image) -> None:
    blocks = [
        [block.full_rows for block in drawn.answers([scene, scene], [prompt], KEEP_ALL, 2)[0].trace.blocks]
        for prompt in ("is it the same ?", "is <image> the same as <image> ?")
    ]
    assert [rows.index(66) for rows in blocks] == [2, 2]
    assert blocks[0][3] == len(drawn.parts.tokenize("\n"))
    assert blocks[1][3] == len(drawn.parts.tokenize(" the same as "))
    with pytest.raises(InputError, match="the prompt has 2 slots <image>, but there are 1 images"):
        drawn.answers([scene], ["is <image> the same as <image> ?"], KEEP_ALL, 2)


@pytest.mark.parametrize("plan", [HALF, FASTV, replace(FASTV, query="deferred"), replace(FASTV, query="image_end")])
def test_slots_may_stand_side_by_side(plan: ReductionPlan, drawn: InternVLU, scene: Image.Image) -> None:
    outcomes = drawn.answers([scene, scene.rotate(90)], ["<image><image> compare", "which <image><image>"], plan, 3)
    assert [[len(view.kept) for view in outcome.trace.views] for outcome in outcomes] == [[32, 32]] * 2
    assert all(outcome.output for outcome in outcomes)


def test_a_text_alone_can_be_answered(drawn: InternVLU) -> None:
    outcome = drawn.answers([], ["why ?"], HALF, 3)[0]
    assert (outcome.trace.views, bool(outcome.output)) == ((), True)


def test_an_edit_depends_on_its_seed_and_reduction_alone(drawn: InternVLU, scene: Image.Image) -> None:
    first, again, other = (drawn.edit([scene], "make it navy", HALF, seed).output for seed in (1, 1, 2))
    assert same(first, again) and not same(first, other)
    assert not same(first, drawn.edit([scene], "make it navy", KEEP_ALL, 1).output)
    assert first.size == (96, 96)


def test_an_edit_encodes_its_references_once(drawn: InternVLU, scene: Image.Image) -> None:
    outcome = drawn.edit([scene, scene.rotate(90)], "join them", HALF)
    assert [len(view.kept) for view in outcome.trace.views] == [32, 32]
    assert outcome.trace.anchor_encodes == ()
    assert set(outcome.seconds) == {"encode", "reduce", "prefill", "denoise"}


def test_keeping_all_leaves_an_edit_as_it_is(drawn: InternVLU, scene: Image.Image) -> None:
    whole = replace(HALF, keep_ratio=1.0)
    assert same(*(drawn.edit([scene], "make it navy", plan, 1).output for plan in (KEEP_ALL, whole)))


def test_a_text_alone_makes_an_image_of_the_requested_size(drawn: InternVLU) -> None:
    images = [drawn.generate("a red sky", (64, 100), seed) for seed in (1, 1, 2)]
    assert images[0].size == (100, 64)
    assert same(images[0], images[1]) and not same(images[0], images[2])


@pytest.mark.parametrize("prompts", [[], [""], ["Why?", " "]])
def test_an_empty_prompt_is_refused(prompts: list[str], drawn: InternVLU, scene: Image.Image) -> None:
    with pytest.raises(InputError, match="empty prompt"):
        drawn.answers([scene], prompts, HALF)


@pytest.mark.parametrize(
    "images, instruction, message",
    [(0, "Make it red", "an edit needs at least one image"), (1, "Like <image>", "can have no slots <image>")],
)
def test_an_edit_that_cannot_be_read_is_refused(
    images: int, instruction: str, message: str, drawn: InternVLU, scene: Image.Image
) -> None:
    with pytest.raises(InputError, match=message):
        drawn.edit([scene] * images, instruction, HALF)


def test_an_understanding_model_answers_as_the_full_one_and_refuses_to_draw(
    checkpoint: Path, recorded: InternVLU, scene: Image.Image
) -> None:
    understander = load_internvl_u(str(checkpoint), dtype="float32", generation=False)
    reducer = replace(HALF, min_keep=4)
    answers: list[Outcome[str]] = [
        model.answers([scene], ["Why?"], reducer, 4)[0] for model in (understander, recorded)
    ]
    assert answers[0].output == answers[1].output
    assert answers[0].trace.blocks == answers[1].trace.blocks
    for draw in (lambda: understander.edit([scene], "Red", HALF), lambda: understander.generate("Red", (64, 64))):
        with pytest.raises(InputError, match=r"needs model\.generation=true; this model was loaded for understanding"):
            draw()


@pytest.mark.parametrize("name", REDUCERS)
def test_every_shipped_reducer_answers_and_edits(
    name: str, drawn: InternVLU, scene: Image.Image, compose: Callable[..., DictConfig]
) -> None:
    reducer = build(compose(f"reducer={name}").reducer)
    outcomes = [drawn.answers([scene], QUESTIONS[:1], reducer, 2)[0], drawn.edit([scene], "make it navy", reducer)]
    for outcome in outcomes:
        record = account(outcome, drawn.shape, drawn.vae_flops)
        tokens, cost = record["visual_tokens"], record["cost"]
        assert tokens["full"] == 64 and len(tokens["per_layer"]) == 6
        assert tokens["kept"] == sum(tokens["per_layer"]) / 6
        assert (tokens["kept"] < 64) == (name != "none")
        full, kept = cost["kv_bytes_full"], cost["kv_bytes"]
        assert full - kept == kv_bytes_of(drawn.shape.language, 64) - sum(
            kv_bytes_of(drawn.shape.language, count) // 6 for count in tokens["kv_per_layer"]
        )


@pytest.mark.parametrize("plan", [HALF, FASTV, replace(FASTV, query="deferred"), replace(FASTV, query="text_first")])
def test_half_precision_runs_everywhere(
    plan: ReductionPlan, drawn: InternVLU, scene: Image.Image, device: torch.device
) -> None:
    model = random_internvl_u(dtype="bfloat16", device=str(device), sampling=Sampling(steps=2))
    half, single = (each.answers([scene], QUESTIONS[:2], plan, 3)[0] for each in (model, drawn))
    assert 2 * half.kv_bytes == single.kv_bytes
    if plan.query != "text_first":
        assert model.edit([scene], "make it navy", plan).output.size == (96, 96)
