from dataclasses import replace

import pytest
import torch
from PIL.Image import Image

from g2tr.errors import InputError
from g2tr.models.bagel.context import Context, write_texts
from g2tr.models.bagel.decode import decode
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.parts import Components
from g2tr.models.engine.decoding import choose
from tests.models.bagel.conftest import Golden
from tests.models.bagel.drawing import seeded
from tests.models.bagel.replay import keep_every

GREEDY = [12, 80, 71, 71, 71]


def asked(parts: Components, image: Image, prompt: str) -> Context:
    context = Context.new(parts)
    tokens = context.see(image, frozenset(), None)
    context.read_tokens(tokens, keep_every(1, tokens))
    context.read_text(prompt)
    return context


@pytest.fixture
def context(bagel: Bagel, picture: Image, golden: Golden) -> Context:
    """The recorded question, whose greedy answer is known."""
    return asked(bagel.parts, picture, golden.facts["prompt"])


def ending_with(parts: Components, token: int) -> Components:
    """The same model with another end marker."""
    return replace(parts, markers=replace(parts.markers, text_end=token))


def test_a_text_ends_at_its_limit(context: Context) -> None:
    assert decode([context.fork()], 5) == [GREEDY]
    assert decode([context.fork()], 2) == [GREEDY[:2]]


def test_a_text_ends_before_the_end_marker(context: Context) -> None:
    context.parts = ending_with(context.parts, 71)
    assert decode([context], 5) == [GREEDY[:2]]


def test_a_text_may_be_empty(context: Context) -> None:
    context.parts = ending_with(context.parts, 12)
    assert decode([context.fork()], 5) == [[]]
    assert write_texts([context], 5) == [""]


def test_the_last_id_is_not_read_before_the_text_is_closed(context: Context) -> None:
    before = context.length
    decode([context], 5)
    assert context.length == before + 1 + 4


@pytest.mark.parametrize("end", [151, 71, 12])
def test_texts_decoded_together_are_those_decoded_alone(end: int, bagel: Bagel, golden: Golden) -> None:
    parts = ending_with(bagel.parts, end)
    pairs = [("A", "What is in the image?"), ("B", "Why?"), ("B", "Who is it?")]
    contexts = [asked(parts, golden.image(letter), prompt) for letter, prompt in pairs]
    alone = [decode([context.fork()], 6)[0] for context in contexts]
    assert decode(contexts, 6) == alone


def test_drawn_texts_depend_on_the_generator_alone(context: Context) -> None:
    drawn = [decode([context.fork()], 12, 1.0, seeded(seed)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_low_temperature_is_nearly_greedy(context: Context) -> None:
    assert decode([context], 5, 1e-3, seeded(0)) == [GREEDY]


def test_ids_are_drawn_from_the_tempered_distribution() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0]).expand(20_000, 3)
    shares = torch.bincount(choose(logits, 2.0, seeded(0))) / 20_000
    assert torch.allclose(shares, torch.softmax(logits[0] / 2, dim=-1), atol=0.02)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_text_needs_room_for_one_token(limit: int, context: Context) -> None:
    with pytest.raises(InputError, match=f"max_tokens must be a whole number of at least 1, got {limit}"):
        decode([context], limit)
