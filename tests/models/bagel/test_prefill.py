from dataclasses import replace

import torch
from PIL.Image import Image
from torch import Tensor

from g2tr.models.bagel.context import Context
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import read_latents, read_texts, read_visual, velocities
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.layout import Layout
from g2tr.models.engine.trace import BlockRows
from g2tr.reducers.tokens import Reduction, VisualTokens
from tests.models.bagel.conftest import Golden
from tests.models.bagel.drawing import seeded
from tests.models.bagel.replay import keep_every
from tests.models.masked import attend_hiding

FIRST, SECOND = "Look:", "What is it?"
IMAGE_ROW = len(FIRST) + 2


def converse(parts: Components, tokens: VisualTokens, step: int) -> tuple[Context, Tensor]:
    """A text, every `step`-th token of an image and a second text, with the hidden states of that text."""
    context = Context.new(parts)
    context.read_text(FIRST)
    context.read_tokens(tokens, keep_every(step, tokens))
    return context, read_texts([context], [SECOND])


def blind_to(hidden: list[int]) -> Attend:
    """Attention of one sample that sees every key row but these."""

    def attend(q: Tensor, k: Tensor, v: Tensor, layout: Layout, causal: bool) -> Tensor:
        return attend_hiding(q, k, v, hidden, causal)

    return attend


def same(a: Context, b: Context) -> bool:
    """Whether two contexts have the same keys and values, but for rounding."""
    pairs = zip(a.cache.layers, b.cache.layers, strict=True)
    return all(torch.allclose(x, y, atol=1e-5) for one, other in pairs for x, y in zip(one, other, strict=True))


def test_a_reduced_image_is_attention_over_exactly_the_kept_tokens(bagel: Bagel, picture: Image) -> None:
    tokens = bagel.parts.encode_vit(picture)
    reduced, answer = converse(bagel.parts, tokens, 3)
    hidden = [IMAGE_ROW + 1 + index for index in range(54) if index % 3]
    full, wanted = converse(replace(bagel.parts, attend=blind_to(hidden)), tokens, 1)
    seen = [row for row in range(full.length) if row not in hidden]
    assert reduced.length == len(seen)
    assert torch.allclose(answer, wanted, atol=1e-5)
    for (k, v), (all_k, all_v) in zip(reduced.cache.layers, full.cache.layers, strict=True):
        assert torch.allclose(k, all_k[seen], atol=1e-5)
        assert torch.allclose(v, all_v[seen], atol=1e-5)


def test_a_reduction_changes_what_the_model_reads_but_no_position(bagel: Bagel, picture: Image) -> None:
    tokens = bagel.parts.encode_vit(picture)
    (full, wanted), (reduced, found) = (converse(bagel.parts, tokens, step) for step in (1, 3))
    assert full.rope == reduced.rope == IMAGE_ROW + 1 + len(SECOND) + 2
    assert not torch.allclose(found, wanted, atol=1e-3)


def test_the_trace_counts_rows_with_and_without_reduction(bagel: Bagel, picture: Image) -> None:
    context, _ = converse(bagel.parts, bagel.parts.encode_vit(picture), 3)
    assert context.trace.blocks == (
        BlockRows(rows=(7, 7), cached=(0, 0), full_rows=7, full_cached=0),
        BlockRows(rows=(20, 20), cached=(7, 7), full_rows=56, full_cached=7),
        BlockRows(rows=(13, 13), cached=(27, 27), full_rows=13, full_cached=63),
    )
    assert (context.trace.vit_patches, context.trace.full) == ((54,), 76)


def test_texts_packed_into_one_pass_are_read_as_alone(bagel: Bagel, golden: Golden) -> None:
    images = [bagel.parts.encode_vit(golden.image(letter)) for letter in "AB"]
    contexts = [converse(bagel.parts, images[0], 2)[0], converse(bagel.parts, images[1], 1)[0], bagel.context()]
    texts = ["Why?", "And what is on the left of it?", "No."]
    alone = [context.fork() for context in contexts]
    hidden = torch.cat([read_texts([context], [text]) for context, text in zip(alone, texts, strict=True)])
    assert torch.allclose(read_texts(contexts, texts), hidden, atol=1e-5)
    assert all(same(*pair) for pair in zip(contexts, alone, strict=True))
    assert [context.rope for context in contexts] == [context.rope for context in alone]


def test_latents_packed_into_one_pass_are_read_as_alone(bagel: Bagel, picture: Image) -> None:
    contexts = [converse(bagel.parts, bagel.parts.encode_vit(picture), 2)[0], bagel.context()]
    patches = [torch.randn(*grid, 64, generator=seeded(0)).to(bagel.parts.device) for grid in ((3, 4), (2, 2))]
    alone = [context.fork() for context in contexts]
    for context, one in zip(alone, patches, strict=True):
        read_latents([context], [one])
    read_latents(contexts, patches)
    assert all(same(*pair) for pair in zip(contexts, alone, strict=True))
    assert contexts[1].trace.blocks[-1] == BlockRows(rows=(6, 6), cached=(0, 0), full_rows=6, full_cached=0)


def test_velocities_behind_several_contexts_are_those_of_each_and_leave_the_caches_alone(
    bagel: Bagel, picture: Image
) -> None:
    contexts = [converse(bagel.parts, bagel.parts.encode_vit(picture), 2)[0], bagel.context()]
    lengths = [context.length for context in contexts]
    noise = torch.randn(3, 4, 64, generator=seeded(0)).to(bagel.parts.device)
    together = velocities(contexts, noise, 0.7)
    for context, velocity in zip(contexts, together, strict=True):
        assert torch.allclose(velocities([context], noise, 0.7)[0], velocity, atol=1e-5)
    assert [context.length for context in contexts] == lengths


def test_a_token_of_size_s_weighs_like_s_equal_tokens(bagel: Bagel, picture: Image) -> None:
    """With α = 1, one of s equal keys and values under the bias is all s of them without it."""
    tokens = bagel.parts.encode_vit(picture)
    count = len(tokens.features)
    index = torch.arange(count, device=tokens.features.device)
    whole = Reduction(tokens.features, index, index)
    plain, biased = bagel.context(), bagel.context()
    read_visual([plain], [tokens], [whole], alpha=1.0)
    assert plain.cache.bias[0].abs().max() < 1e-30  # log(1), which a processor may round up
    half = Reduction(tokens.features[::2], index[::2], index // 2)
    read_visual([biased], [tokens], [half], alpha=1.0)
    sizes = biased.cache.bias[0][1:-1].exp()
    assert torch.allclose(sizes, half.sizes.float())
    assert len(biased.cache.bias[0]) == biased.length


def test_no_alpha_leaves_attention_bit_for_bit(bagel: Bagel, picture: Image) -> None:
    tokens = bagel.parts.encode_vit(picture)
    index = torch.arange(len(tokens.features), device=tokens.features.device)
    half = Reduction(tokens.features[::2], index[::2], index // 2)
    contexts = [bagel.context(), bagel.context()]
    for context, options in zip(contexts, ({}, {"alpha": 0.0}), strict=True):
        read_visual([context], [tokens], [half], **options)
        read_texts([context], ["Why?"])
    assert contexts[0].cache.bias == contexts[1].cache.bias == ()
    assert same(*contexts)
