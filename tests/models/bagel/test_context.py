from dataclasses import replace
from itertools import product

import pytest
import torch
from PIL.Image import Image

from g2tr.errors import InputError
from g2tr.models.bagel.context import Context
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.model import Bagel
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.random import Random
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.stages import Importance, Merge, Selection
from tests.models.bagel.conftest import Golden
from tests.models.bagel.drawing import seeded
from tests.models.bagel.replay import keep_every

ALL = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)
HALF = Reducer(Latent(), Balanced(), Nearest(), keep_ratio=0.5)
STAGES = list(product((Latent(), Norm(), Random()), (Balanced(), TopK()), (Nearest(), Drop())))
QUICK = Sampling(num_timesteps=3)


def seeing(bagel: Bagel, image: Image, reducer: Reducer = ALL) -> Context:
    context = bagel.context()
    context.read_image(image, reducer)
    return context


def equal(a: Context, b: Context) -> bool:
    """Whether two contexts are the same, bit for bit."""
    pairs = zip(a.cache.layers, b.cache.layers, strict=True)
    return a.rope == b.rope and all(torch.equal(x, y) for one, two in pairs for x, y in zip(one, two, strict=True))


def close(a: Context, b: Context) -> bool:
    """Whether two contexts are the same, but for rounding."""
    pairs = zip(a.cache.layers, b.cache.layers, strict=True)
    return a.rope == b.rope and all(
        torch.allclose(x, y, atol=1e-5) for one, two in pairs for x, y in zip(one, two, strict=True)
    )


@pytest.mark.parametrize("stages", STAGES, ids=lambda stages: "-".join(type(stage).__name__ for stage in stages))
def test_keeping_everything_is_bit_equal_to_no_reduction(
    stages: tuple[Importance, Selection, Merge], bagel: Bagel, picture: Image
) -> None:
    plain = bagel.context()
    tokens = plain.see(picture, frozenset(), None)
    plain.read_tokens(tokens, keep_every(1, tokens))
    context = seeing(bagel, picture, Reducer(*stages, keep_ratio=1.0))
    assert equal(context, plain)
    assert context.trace.anchor_encodes == ()
    assert context.write_text(4) == plain.write_text(4)
    assert equal(context, plain)


def test_a_reduction_leaves_its_share_of_the_image_in_the_cache(bagel: Bagel, picture: Image) -> None:
    full, half = seeing(bagel, picture), seeing(bagel, picture, replace(HALF, min_keep=4))
    assert (full.length, half.length) == (54 + 2, 27 + 2)
    assert half.kv_bytes * 56 == full.kv_bytes * 29
    assert full.rope == half.rope == 1


@pytest.mark.cuda
def test_forks_with_different_questions_are_two_fresh_conversations(
    bagel: Bagel, picture: Image, device: torch.device
) -> None:
    same = equal if device.type == "cpu" else close  # on a GPU the order of a sum is the kernel's choice
    shared = seeing(bagel, picture, HALF)
    untouched = shared.fork()
    for question in ("Why?", "What is it, and where?"):
        fork, fresh = shared.fork(), seeing(bagel, picture, HALF)
        for context in (fork, fresh):
            context.read_text(question)
        assert fork.write_text(5) == fresh.write_text(5)
        assert same(fork, fresh)
        assert fork.trace.blocks == fresh.trace.blocks
    assert equal(shared, untouched)
    assert shared.trace == untouched.trace


@pytest.mark.cuda
def test_a_fork_takes_no_memory_of_its_own(bagel: Bagel, picture: Image) -> None:
    shared = seeing(bagel, picture)
    places = [[x.data_ptr() for pair in context.cache.layers for x in pair] for context in (shared, shared.fork())]
    assert places[0] == places[1]


@pytest.mark.cuda
@pytest.mark.parametrize("limit, end, written", [(3, 151, "\x0cPG"), (5, 71, "\x0cP")], ids=["limit", "end marker"])
def test_a_written_answer_is_remembered_as_if_it_had_been_read(
    limit: int, end: int, written: str, bagel: Bagel, picture: Image, golden: Golden
) -> None:
    parts = replace(bagel.parts, markers=replace(bagel.parts.markers, text_end=end))
    context, reader = (seeing(replace(bagel, parts=parts), picture) for _ in range(2))
    for one in (context, reader):
        one.read_text(golden.facts["prompt"])
    answer = context.write_text(limit)
    assert answer == written
    reader.read_text(answer)
    for one in (context, reader):
        one.read_text("And why?")
    assert close(context, reader)
    assert context.write_text(5) == reader.write_text(5)


def test_each_image_takes_one_position_and_all_are_seen(bagel: Bagel, golden: Golden) -> None:
    a, b = golden.image("A"), golden.image("B")
    context = seeing(bagel, a)
    context.read_image(b, ALL)
    assert (context.rope, context.length) == (2, 56 + 42)
    assert [view.grid for view in context.trace.views] == [(6, 9), (8, 5)]
    swapped = seeing(bagel, b)
    swapped.read_image(a, ALL)
    alone = seeing(bagel, b)
    logits = []
    for one in (context, swapped, alone):
        one.read_text("What is in the image?")
        logits.append(one.cache.layers[-1][1][-1])
    assert not any(torch.allclose(logits[i], logits[j], atol=1e-3) for i, j in ((0, 1), (0, 2), (1, 2)))


def test_a_text_before_the_image_moves_its_position(bagel: Bagel, picture: Image) -> None:
    context = bagel.context()
    context.read_text("Look:")
    context.read_image(picture, ALL)
    context.read_text("What is it?")
    assert context.rope == 7 + 1 + 13
    assert context.length == 7 + 56 + 13


def test_anchors_reuse_the_latent_of_an_edit_and_are_billed_without_one(bagel: Bagel, picture: Image) -> None:
    reducer = replace(HALF, min_keep=4)
    asked, edited = bagel.context(), bagel.context()
    asked.read_image(picture, reducer)
    edited.read_image(picture, reducer, vae=True, generator=seeded(11))
    assert asked.trace.anchor_encodes == ((96, 128),)
    assert edited.trace.anchor_encodes == ()
    assert torch.equal(asked.trace.views[0].kept, edited.trace.views[0].kept)
    assert "anchors" in asked.clock.seconds and "anchors" not in edited.clock.seconds


def test_an_image_may_be_read_as_latents_alone(bagel: Bagel, picture: Image) -> None:
    context = bagel.context()
    context.read_image(picture, HALF, vit=False, vae=True)
    assert (context.length, context.trace.views, context.rope) == (48 + 2, (), 1)


def test_without_a_generator_the_mean_of_the_posterior_is_read(bagel: Bagel, picture: Image) -> None:
    contexts = [bagel.context() for _ in range(3)]
    for context, generator in zip(contexts, (None, None, seeded(11)), strict=True):
        context.read_image(picture, ALL, vae=True, generator=generator)
    assert equal(contexts[0], contexts[1])
    assert not close(contexts[0], contexts[2])


@pytest.mark.parametrize(
    "scales, missing", [((4.0, 2.0), (True, False)), ((4.0, 2.0), (False, True)), ((4.0, 1.0), (True, False))]
)
def test_guidance_without_the_context_that_it_needs_is_refused(
    scales: tuple[float, float], missing: tuple[bool, bool], bagel: Bagel
) -> None:
    context = bagel.context()
    context.read_text("A red sky")
    others = [None if absent else bagel.context() for absent in missing]
    sampling = Sampling(3, text_scale=scales[0], image_scale=scales[1])
    with pytest.raises(InputError, match="guidance needs the contexts without text and without image"):
        context.write_image((32, 32), sampling, *others, seeded(0))


def test_without_guidance_no_other_context_is_needed(bagel: Bagel) -> None:
    context = bagel.context()
    context.read_text("A red sky")
    before = context.fork()
    image = context.write_image((32, 48), replace(QUICK, text_scale=1.0), generator=seeded(0))
    assert image.size == (48, 32)
    assert equal(context, before)


@pytest.mark.parametrize("size", [(0, 32), (30, 32), (32, 40), (208, 32), (32, 208), (-16, 32)])
def test_a_size_that_latents_cannot_have_is_refused(size: tuple[int, int], bagel: Bagel) -> None:
    with pytest.raises(InputError, match="image sides must be multiples of 16 up to 192, got"):
        bagel.context().write_image(size, QUICK)


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused(text: str, bagel: Bagel) -> None:
    with pytest.raises(InputError, match="empty prompt"):
        bagel.context().read_text(text)
