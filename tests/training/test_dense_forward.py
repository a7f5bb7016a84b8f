"""Training computes what inference computes."""

import pytest
import torch
from PIL import Image
from torch import Tensor

from g2tr.images import to_pixels
from g2tr.models.bagel.context import Context
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.prefill import read_ids
from g2tr.models.bagel.prefill import velocities as sampled_velocities
from g2tr.training.batches import EditBatch, rounded
from g2tr.training.dense_forward import PADDING_BLOCK, Piece, read, visible
from g2tr.training.losses import Seen, velocities
from g2tr.training.segments import see, text_piece
from g2tr.training.token_rows import TokenRowBuilder, entries
from g2tr.training.validation import EVERYTHING

TURNS = [("what color is the background ?", "gray"), ("is there a red circle ?", "no")]
INSTRUCTIONS = ["make the background gray", "remove the red circle"]


@pytest.fixture(scope="module")
def pictures(scene: Image.Image) -> Tensor:
    image = (to_pixels(scene)[None] + 1) / 2
    return rounded(torch.cat([image, image.flip(-1)]))


@pytest.fixture(scope="module")
def writer() -> TokenRowBuilder:
    return TokenRowBuilder(entries(["v1"]))


def shown(pictures: Tensor, index: int) -> Image.Image:
    return Image.fromarray(pictures[index].permute(1, 2, 0).numpy())


@torch.no_grad()
def test_every_segment_gets_the_logits_that_it_gets_alone_in_inference(
    bagel_tiny: Bagel, pictures: Tensor, writer: TokenRowBuilder
) -> None:
    network, texts = bagel_tiny.parts.network, writer.conversations([TURNS, TURNS[:1]], images=1)
    piece = text_piece(network, texts, torch.zeros_like(texts.ids, dtype=torch.bool))
    logits = network.language.lm_head(
        read(network.language, [see(network, pictures, 0, torch.ones(2), torch.Generator()), piece])[-1]
    )
    for index, segments in ((0, (1, 2)), (1, (1,))):
        context = Context.new(bagel_tiny.parts)
        context.read_image(shown(pictures, index), EVERYTHING)
        for segment in segments:
            rows = texts.blocks[index] == segment
            hidden = read_ids([context.fork()], [texts.ids[index][rows].tolist()])
            assert torch.allclose(logits[index][rows], network.language.lm_head(hidden), atol=2e-4)


@torch.no_grad()
@pytest.mark.parametrize(("latents", "text"), [(True, True), (False, True), (True, False)])
def test_velocities_are_those_of_inference(
    bagel_tiny: Bagel, pictures: Tensor, writer: TokenRowBuilder, latents: bool, text: bool
) -> None:
    parts, generator = bagel_tiny.parts, torch.Generator().manual_seed(0)
    batch = EditBatch(pictures, pictures, writer.instructions(INSTRUCTIONS, images=2))
    images = [shown(pictures, index) for index in (0, 1)]
    clean = torch.stack([parts.codec.to_patches(parts.encode_vae(image).mean) for image in images])
    noisy = torch.randn(clean.shape, generator=generator)
    seen = Seen(torch.full((2,), latents), torch.full((2,), text), torch.ones(2))
    got = velocities(parts.network, batch, clean, noisy, torch.tensor([0.25, 0.75]), seen, generator)
    for index, time in ((0, 0.25), (1, 0.75)):
        context = Context.new(parts)
        context.read_image(images[index], EVERYTHING, vae=latents)
        if text:
            context.read_text(INSTRUCTIONS[index])
        (wanted,) = sampled_velocities([context], noisy[index], time)
        assert torch.allclose(got[index], wanted, atol=1e-3)


def test_rows_see_earlier_shared_blocks_and_their_own() -> None:
    blocks = torch.tensor([[0, 1, 1, 2, PADDING_BLOCK]])
    shared = torch.tensor([[True, False, False, False, False]])
    piece = Piece(torch.zeros(1, 5, 4), blocks, torch.zeros_like(blocks), shared, causal=True)
    seen = [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [1, 0, 0, 1, 0], [0, 0, 0, 0, 1]]
    assert visible([piece])[0, 0].int().tolist() == seen


@torch.no_grad()
def test_dropped_tokens_are_as_if_they_were_not_there(
    bagel_tiny: Bagel, pictures: Tensor, writer: TokenRowBuilder
) -> None:
    network, texts = bagel_tiny.parts.network, writer.conversations([TURNS[:1]] * 2, images=1)
    piece = see(network, pictures, 0, torch.full((2,), 0.5), torch.Generator().manual_seed(1))
    text = text_piece(network, texts, torch.zeros_like(texts.ids, dtype=torch.bool))
    hidden = read(network.language, [piece, text])[-1]
    for index in (0, 1):
        stay = piece.blocks[index] != PADDING_BLOCK
        assert stay[0] and stay[-1] and 100 < stay.sum() < 158
        parts = (piece.embeddings, piece.blocks, piece.positions, piece.shared)
        shorter = Piece(*(part[index : index + 1, stay] for part in parts), causal=False)
        alone = Piece(*(part[index : index + 1] for part in text[:4]), causal=True)
        wanted = read(network.language, [shorter, alone])[-1]
        rows = texts.blocks[index] != PADDING_BLOCK
        assert torch.allclose(hidden[index][rows], wanted[0][rows], atol=1e-4)
