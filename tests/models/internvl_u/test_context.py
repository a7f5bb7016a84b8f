from dataclasses import replace
from itertools import product

import pytest
import torch
from PIL.Image import Image

from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.prompt import system_turn
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.random import Random
from g2tr.reducers.importance.vision_attention import ReceivedAttention
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.selection.topk import TopK

ALL = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)
HALF = Reducer(Latent(), Balanced(), Nearest(), keep_ratio=0.5)
STAGES = list(product((Latent(), Random(), ReceivedAttention()), (Balanced(), TopK()), (Nearest(), Drop())))


@torch.inference_mode()
def seeing(model: InternVLU, image: Image, reducer: Reducer = ALL) -> Context:
    context = model.context()
    context.read_text(system_turn("Look."))
    context.read_image(image, reducer)
    return context


def equal(a: Context, b: Context, within: float = 0.0) -> bool:
    pairs = zip(a.cache.layers, b.cache.layers, strict=True)
    close = (torch.allclose(x, y, rtol=0, atol=within) for one, two in pairs for x, y in zip(one, two, strict=True))
    return a.rope == b.rope and all(close)


@pytest.mark.parametrize("stages", STAGES, ids=lambda stages: "-".join(type(stage).__name__ for stage in stages))
def test_keeping_everything_is_bit_equal_to_no_reduction(
    stages: tuple[Norm, TopK, Drop], drawn: InternVLU, scene: Image
) -> None:
    context = seeing(drawn, scene, Reducer(*stages, keep_ratio=1.0))
    assert equal(context, seeing(drawn, scene))
    assert context.trace.anchor_encodes == ()


@pytest.mark.parametrize("positions", ["compact", "original"])
def test_a_reduction_shortens_the_cache_and_positions_go_on_by_policy(
    positions: str, drawn: InternVLU, scene: Image
) -> None:
    parts = replace(drawn.parts, choices=replace(drawn.parts.choices, positions=positions))
    model = replace(drawn, parts=parts)
    full, half = seeing(model, scene), seeing(model, scene, HALF)
    assert (full.length - half.length) == 32
    assert full.rope - half.rope == (32 if positions == "compact" else 0)
    start = full.length - 66
    assert half.kv_bytes * full.length == full.kv_bytes * half.length
    with torch.inference_mode():
        hidden, _ = half.ask("Why?")
    assert len(hidden.last) == len(model.parts.tokenize("Why?"))
    assert half.length == start + 34 + len(hidden.last)


def test_positions_matter(drawn: InternVLU, scene: Image) -> None:
    parts = replace(drawn.parts, choices=replace(drawn.parts.choices, positions="original"))
    contexts = [seeing(model, scene, HALF) for model in (drawn, replace(drawn, parts=parts))]
    assert not equal(*contexts, within=1e-3)


@torch.inference_mode()
def test_forks_with_different_questions_are_two_fresh_conversations(drawn: InternVLU, scene: Image) -> None:
    shared = seeing(drawn, scene, HALF)
    untouched = shared.fork()
    for question in ("Why?", "What is it, and where?"):
        fork, fresh = shared.fork(), seeing(drawn, scene, HALF)
        hidden = [context.ask(question)[0].last for context in (fork, fresh)]
        assert torch.equal(*hidden) and equal(fork, fresh)
        assert fork.trace.blocks == fresh.trace.blocks
    assert equal(shared, untouched)
    assert shared.trace == untouched.trace


def test_a_fork_takes_no_memory_of_its_own(drawn: InternVLU, scene: Image) -> None:
    shared = seeing(drawn, scene)
    places = [[x.data_ptr() for pair in context.cache.layers for x in pair] for context in (shared, shared.fork())]
    assert places[0] == places[1]


def test_anchors_reuse_a_given_latent_and_are_billed_without_one(drawn: InternVLU, scene: Image) -> None:
    asked, edited = drawn.context(), drawn.context()
    with torch.inference_mode():
        asked.read_image(scene, HALF)
        edited.read_image(scene, HALF, [drawn.parts.encode_reference(scene)])
    assert asked.trace.anchor_encodes == ((224, 224),)
    assert edited.trace.anchor_encodes == ()
    assert "anchors" in asked.clock.seconds and "anchors" not in edited.clock.seconds


def test_no_evidence_is_made_of_an_image_of_which_every_token_stays(drawn: InternVLU, scene: Image) -> None:
    for stages in ((Latent(), Balanced()), (ReceivedAttention(), TopK())):
        context = seeing(drawn, scene, Reducer(*stages, Drop(), keep_ratio=0.5, min_keep=64))
        assert (context.trace.anchor_encodes, context.trace.listened) == ((), ())
        assert equal(context, seeing(drawn, scene))


def test_tokens_that_stand_for_themselves_alone_weigh_nothing(drawn: InternVLU, scene: Image) -> None:
    plain, sized = (Reducer(Random(), TopK(), Drop(), 0.5, size_alpha=alpha) for alpha in (0.0, 1.0))
    contexts = [seeing(drawn, scene, reducer) for reducer in (plain, sized)]
    assert equal(*contexts) and contexts[1].cache.bias == ()
    merged = seeing(drawn, scene, replace(sized, merge=Nearest()))
    assert len(merged.cache.bias) == 1


def test_anchors_can_be_made_at_a_smaller_size(drawn: InternVLU, scene: Image) -> None:
    small = replace(drawn, parts=replace(drawn.parts, choices=replace(drawn.parts.choices, anchor_side=64)))
    context = seeing(small, scene, HALF)
    assert context.trace.anchor_encodes == ((64, 64),)
    assert small.vae_flops((64, 64)) < 0.1 * drawn.vae_flops((224, 224))


@torch.inference_mode()
def test_a_token_of_size_s_adds_alpha_log_s_to_the_logits_of_its_key(drawn: InternVLU, scene: Image) -> None:
    sized, plain = (seeing(drawn, scene, replace(HALF, size_alpha=alpha)) for alpha in (1.0, 0.0))
    tokens = drawn.encode(scene, HALF.requires)
    sizes = HALF(tokens).sizes.float()
    before = plain.length - 34
    assert plain.cache.bias == ()
    assert torch.allclose(sized.cache.bias[0][before + 1 : -1].exp(), sizes)
    assert len(sized.cache.bias[0]) == sized.length
    assert not equal(sized, plain, within=1e-4)
    sized.ask("Why?")
    assert len(sized.cache.bias[0]) == sized.length
