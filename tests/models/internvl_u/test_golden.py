"""The understanding half against tensors that were recorded from the official code."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from g2tr.models.engine.decoding import continue_texts
from g2tr.models.internvl_u.flow import Sampling, denoise, draw_noise
from g2tr.models.internvl_u.generation import edit_rows
from g2tr.models.internvl_u.load import load_internvl_u
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.prefill import next_logits
from g2tr.models.internvl_u.vision import pixel_shuffle, see
from g2tr.reducers.cascade import KEEP_ALL
from tests.models.internvl_u.replay import BLANK, keep, recorded_context, understand

pytestmark = pytest.mark.cuda
SINGLE, GUIDED = 1e-5, 5e-5
Golden = dict[str, Tensor]


def far(found: Tensor, wanted: Tensor) -> float:
    """The largest difference, on a GPU a tenth of it, since kernels there add in another order; infinite where the
    shapes differ."""
    if found.shape != wanted.shape:
        return float("inf")
    return float((found.cpu() - wanted).abs().max()) / (10 if found.device.type == "cuda" else 1)


def test_the_vision_tower_is_the_official_one(recorded: InternVLU, golden: Golden) -> None:
    network = recorded.parts.network
    pixels = golden["pixel_values"].to(recorded.parts.device)
    with torch.inference_mode():
        assert far(network.vision_model(pixels).last_hidden_state, golden["vit.last_hidden_state"]) < SINGLE
        assert far(see(network, pixels[0])[0], golden["vit.mlp1"][0]) < SINGLE


def test_pixel_shuffle_is_the_official_one(golden: Golden) -> None:
    assert torch.equal(pixel_shuffle(golden["vit.last_hidden_state"][0, 1:], (8, 8)), golden["vit.pixel_shuffle"][0])


def test_the_prompt_is_that_of_the_official_template(recorded: InternVLU, golden: Golden) -> None:
    context = recorded_context(recorded, golden)
    ids: list[int] = []
    tokenize = recorded.parts.tokenize
    for piece in ("<|im_start|>system\nS.<|im_end|>\n<|im_start|>user\n", "<img>" + "<IMG_CONTEXT>" * 16 + "</img>"):
        ids += tokenize(piece)
    ids += tokenize("\nWhat is it.<|im_end|>\n<|im_start|>assistant\n")
    assert ids == golden["und.input_ids"][0].tolist()
    understand(context)
    assert context.length == context.rope == len(ids)


def test_every_row_of_a_conversation_is_the_official_one(recorded: InternVLU, golden: Golden) -> None:
    context = recorded_context(recorded, golden)
    rows = understand(context)
    assert far(torch.cat([part.last for part in rows]), golden["und.hidden.-1"][0]) < SINGLE
    assert far(torch.cat([part.before for part in rows]), golden["und.hidden.-2"][0]) < SINGLE
    for layer, (keys, values) in enumerate(context.cache.layers):
        assert far(keys.transpose(0, 1), golden[f"und.cache.k.{layer}"][0]) < SINGLE
        assert far(values.transpose(0, 1), golden[f"und.cache.v.{layer}"][0]) < SINGLE
    logits = recorded.parts.language.logits(rows[-1].last[-1:])
    assert far(logits, golden["und.logits_last"]) < SINGLE


def test_special_tokens_have_embeddings_of_their_own(recorded: InternVLU, golden: Golden) -> None:
    ids, embeddings = golden["und.input_ids"][0], golden["und.inputs_embeds"][0]
    is_text = ids != 162
    assert far(recorded.parts.embed(ids[is_text].to(recorded.parts.device)), embeddings[is_text]) == 0


def test_the_answer_is_the_official_one(recorded: InternVLU, golden: Golden) -> None:
    context = recorded_context(recorded, golden)
    logits = recorded.parts.language.logits(understand(context)[-1].last[-1:])
    with torch.inference_mode():
        ids = continue_texts([context], logits, next_logits, recorded.parts.markers.ends, 5)
    assert ids == golden["und.generated_ids"].tolist()


@pytest.mark.parametrize("positions", ["compact", "original"])
def test_a_reduced_image_is_read_as_officially_with_either_positions(
    positions: str, recorded: InternVLU, golden: Golden
) -> None:
    parts = replace(recorded.parts, choices=replace(recorded.parts.choices, positions=positions))
    context = recorded_context(replace(recorded, parts=parts), golden)
    rows = understand(context, keep(context.see(BLANK, frozenset()), golden["und_reduced.keep"]))
    logits = recorded.parts.language.logits(rows[-1].last[-1:])
    assert far(logits, golden[f"und_reduced.{positions}.logits_last"]) < SINGLE
    keys = context.cache.layers[2][0].transpose(0, 1)
    assert far(keys, golden[f"und_reduced.{positions}.cache.k.2"][0]) < SINGLE


@torch.inference_mode()
def test_an_edit_conditions_the_decoder_as_officially_and_is_drawn_so(recorded: InternVLU, golden: Golden) -> None:
    context = recorded_context(recorded, golden)
    rows = edit_rows(context, [BLANK], "make it red", "Edit sys.", KEEP_ALL)
    for index, row in enumerate(rows):
        assert far(row.states, golden[f"edit.di.encoder_hidden_states.{index}"]) < SINGLE
        assert torch.equal(row.is_image, golden[f"edit.di.encoder_image_token_mask.{index}"].bool())
        assert [list(image.grid) for image in row.images] == golden[f"edit.di.image_fhw_cond.{index}"][:, 1:].tolist()
    assert [len(row.references) for row in rows] == [1, 1, 0]
    drawer, noise = recorded.parts.require_drawer(), draw_noise(16, (12, 16), torch.Generator().manual_seed(42))
    latent = denoise(drawer.decoder, rows, noise, drawer.scheduler, Sampling(steps=4))
    assert far(latent, golden["edit.sample4.latent"][0]) < GUIDED


@torch.inference_mode()
def test_bfloat16_stays_within_five_percent_of_the_recording(
    checkpoint: Path, golden: Golden, device: torch.device
) -> None:
    model = load_internvl_u(str(checkpoint), dtype="bfloat16", device=str(device))
    rows = understand(recorded_context(model, golden))
    found, wanted = torch.cat([part.last for part in rows]).float().cpu(), golden["und.hidden.-1"][0]
    assert (found - wanted).square().mean().sqrt() < 0.05 * wanted.square().mean().sqrt()
