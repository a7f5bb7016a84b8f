from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.thinking import Thinking
from g2tr.models.engine.clock import PhaseTimer
from g2tr.reducers.cascade import KEEP_ALL
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.relevance import Relevance
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.dpp import Dpp
from g2tr.reducers.tokens import Question
from tests.models.bagel.conftest import Golden

HALF = Reducer(Latent(), Balanced(), Nearest(), keep_ratio=0.5, min_keep=4)
QUESTIONS = ("What is in the image?", "Why?", "Which of them is red, and where is it?")
THINKING = Thinking("Think.", "Plan it.", max_tokens=3)


@pytest.fixture(scope="module")
def quick(bagel: Bagel) -> Bagel:
    """The recorded model, which draws in two steps."""
    return replace(bagel, sampling=Sampling(num_timesteps=3))


@pytest.fixture(scope="module")
def understander(checkpoint: Path, device: torch.device) -> Bagel:
    """The same model, loaded for understanding only."""
    return load_bagel(str(checkpoint), dtype="float32", device=str(device), generation=False)


def differ(a: Image.Image, b: Image.Image) -> bool:
    return a.size != b.size or bool((np.array(a) != np.array(b)).any())


def test_questions_about_one_image_are_answered_as_one_by_one(bagel: Bagel, picture: Image.Image) -> None:
    together = bagel.answers([picture], QUESTIONS, HALF, 6)
    assert [outcome.output for outcome in together] == [bagel.answer([picture], q, HALF, 6) for q in QUESTIONS]


def test_a_reducer_that_reads_the_question_keeps_other_tokens_for_another(bagel: Bagel, picture: Image.Image) -> None:
    plan = Reducer(Relevance(), Dpp(), Drop(), keep_ratio=0.25, min_keep=1)
    together = bagel.answers([picture], QUESTIONS, plan, 2)
    for question, outcome in zip(QUESTIONS, together, strict=True):
        ids = bagel.parts.tokenizer.encode(question, add_special_tokens=False)
        asked = Question(bagel.parts.embed(torch.tensor(ids, device=bagel.parts.device)))
        assert outcome.trace.views[0].kept.equal(plan(bagel.encode(picture).with_evidence(asked)).kept)
        alone = bagel.answers([picture], [question], plan, 2)[0]
        assert (outcome.output, outcome.kv_bytes) == (alone.output, alone.kv_bytes)
    assert len({tuple(outcome.trace.views[0].kept.tolist()) for outcome in together}) > 1


def test_an_answer_says_what_it_took(bagel: Bagel, picture: Image.Image) -> None:
    first, second = bagel.answers([picture], QUESTIONS[:2], HALF, 6)
    assert [block.rows[0] for block in first.trace.blocks] == [27 + 2, len(QUESTIONS[0]) + 2]
    assert first.trace.anchor_encodes == second.trace.anchor_encodes == ((96, 128),)
    assert first.kv_bytes - second.kv_bytes == (len(QUESTIONS[0]) - len(QUESTIONS[1])) * 512
    assert first.seconds == second.seconds
    assert set(first.seconds) == {"encode", "anchors", "reduce", "prefill", "decode"}


def test_an_answer_needs_no_image(bagel: Bagel) -> None:
    assert bagel.answers([], ["Why?"], HALF, 3)[0].trace.views == ()


def test_an_extreme_image_is_answered(bagel: Bagel) -> None:
    for size in ((4000, 10), (1, 1), (1, 900)):
        view = bagel.answers([Image.new("L", size, 90)], ["Why?"], HALF, 1)[0].trace.views[0]
        assert max(view.grid) <= 10


def test_an_edit_depends_on_the_seed_alone(quick: Bagel, picture: Image.Image) -> None:
    edits = [quick.edit([picture], "Make the sky red", HALF, seed).output for seed in (1, 1, 2)]
    assert edits[0].size == (128, 96)
    assert not differ(edits[0], edits[1])
    assert differ(edits[0], edits[2])


def test_an_edit_is_the_conversation_that_it_stands_for(quick: Bagel, golden: Golden) -> None:
    thinker, generator = replace(quick, thinking=THINKING), torch.Generator().manual_seed(5)
    full, imageless = thinker.context(), thinker.context()
    for context in (full, imageless):
        context.read_text(THINKING.generation)
    for letter in "AB":
        full.read_image(golden.image(letter), HALF, vae=True, generator=generator)
    textless = full.fork()
    for context in (full, imageless):
        context.read_text("Join them")
    full.write_text(THINKING.max_tokens, THINKING.temperature, generator)
    drawn = full.write_image((112, 64), quick.sampling, textless, imageless, generator)
    assert not differ(thinker.edit([golden.image("A"), golden.image("B")], "Join them", HALF, 5).output, drawn)


def test_an_edit_reads_latents_and_reduced_tokens_of_every_image(quick: Bagel, golden: Golden) -> None:
    outcome = quick.edit([golden.image("A"), golden.image("B")], "Join them", HALF)
    assert [block.rows[0] for block in outcome.trace.blocks] == [48 + 2, 27 + 2, 28 + 2, 20 + 2, len("Join them") + 2]
    assert outcome.trace.anchor_encodes == ()
    assert outcome.output.size == (64, 112)
    assert set(outcome.seconds) == {"encode", "reduce", "prefill", "denoise"}


def test_an_edit_without_an_image_is_refused(quick: Bagel) -> None:
    with pytest.raises(InputError, match="an edit needs at least one image"):
        quick.edit([], "Make the sky red", HALF)


def test_a_text_alone_makes_an_image_that_depends_on_its_seed(quick: Bagel) -> None:
    drawn = [quick.generate("A red sky", (64, 96), seed) for seed in (1, 1, 2)]
    assert drawn[0].size == (96, 64)
    assert not differ(drawn[0], drawn[1])
    assert differ(drawn[0], drawn[2])


def test_a_thinking_model_reads_its_system_text_first(quick: Bagel, picture: Image.Image) -> None:
    thinker = replace(quick, thinking=THINKING)
    answered = thinker.answers([picture], ["Why?"], HALF, 3)[0].trace.blocks
    assert [block.rows[0] for block in answered] == [len("Think.") + 2, 29, len("Why?") + 2]
    edited = thinker.edit([picture], "Make the sky red", HALF, 1)
    assert [block.rows[0] for block in edited.trace.blocks] == [len("Plan it.") + 2, 50, 29, 16 + 2]
    assert "decode" in edited.seconds
    assert differ(edited.output, quick.edit([picture], "Make the sky red", HALF, 1).output)


@pytest.mark.parametrize("prompts", [[], [""], ["Why?", " "]])
def test_an_empty_prompt_is_refused(prompts: list[str], bagel: Bagel, picture: Image.Image) -> None:
    with pytest.raises(InputError, match="empty prompt"):
        bagel.answers([picture], prompts, HALF)


def test_an_understanding_model_answers_as_the_full_one(
    understander: Bagel, bagel: Bagel, picture: Image.Image
) -> None:
    outcomes = [model.answers([picture], QUESTIONS, HALF, 6) for model in (understander, bagel)]
    found, wanted = ([(o.output, o.trace.blocks, o.kv_bytes) for o in outcome] for outcome in outcomes)
    assert found == wanted


def test_an_understanding_model_refuses_to_draw(understander: Bagel, picture: Image.Image) -> None:
    for draw in (
        lambda: understander.edit([picture], "Make the sky red", HALF),
        lambda: understander.generate("A red sky", (64, 64)),
    ):
        with pytest.raises(InputError, match=r"needs model\.generation=true; this model was loaded for understanding"):
            draw()


def test_settings_say_how_the_model_was_loaded(bagel: Bagel, checkpoint: Path) -> None:
    assert bagel.settings["checkpoint"] == str(checkpoint)
    assert (bagel.settings["preprocess"], bagel.settings["dtype"]) == ("official_eval", "float32")


@torch.inference_mode()
@pytest.mark.parametrize("limit", [1, 3])
def test_the_limit_of_thinking_holds_for_answers(limit: int, bagel_tiny: Bagel, scene: Image.Image) -> None:
    """A model that thinks writes reasoning and answer within one limit, whatever the caller's."""
    model = replace(bagel_tiny, thinking=Thinking(max_tokens=limit, temperature=50.0))
    contexts = model.read_all([scene], ["what is it ?"], KEEP_ALL, PhaseTimer())
    assert [len(ids) for ids in model.write(contexts, 9)] == [limit]


def test_the_temperature_of_thinking_holds_whatever_is_asked_together(bagel_tiny: Bagel, scene: Image.Image) -> None:
    hot = replace(bagel_tiny, thinking=Thinking(max_tokens=6, temperature=50.0))
    cold = replace(bagel_tiny, thinking=Thinking(max_tokens=6))
    questions = ["what is it ?", "what color ?"]
    found = [outcome.output for outcome in hot.answers(scene, questions)]
    assert found != [outcome.output for outcome in cold.answers(scene, questions)]
    assert found == [hot.answer(scene, question) for question in questions]
