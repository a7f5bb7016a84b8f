from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.hf.latents import BorrowedLatents, load_latents
from g2tr.models.hf.pixels import segment_pixels
from g2tr.models.hf.reduce import reduce_inputs
from g2tr.models.hf.segments import find_segments
from g2tr.reducers.cascade import Cascade
from g2tr.reducers.importance.attention import Attention
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.importance.latent_contrast import LatentContrast
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.random import Random
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.merge.nearest import Nearest
from g2tr.reducers.reducer import Depth, Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Question, VisualTokens
from tests.models.hf.families import FAMILIES, IMAGE, PAD, pixels, seeded

GREEDY = {"max_new_tokens": 4, "do_sample": False}
HALF = Reducer(Norm(), TopK(), Nearest(), keep_ratio=0.5, min_keep=1, name="half")
MODELS: dict[str, Any] = {}


def model_of(name: str) -> Any:
    """One model a family, built once."""
    if name not in MODELS:
        MODELS[name] = seeded(FAMILIES[name].model)
    return MODELS[name]


def inputs_of(name: str, images: int = 1) -> dict[str, Any]:
    inputs = FAMILIES[name].inputs(images)
    return {**inputs, "attention_mask": torch.ones_like(inputs["input_ids"])}


def counts(name: str) -> tuple[int, ...]:
    return (1,) if name == "paligemma" else (1, 2)


@pytest.mark.parametrize("name", FAMILIES)
def test_with_all_tokens_kept_logits_and_answers_are_the_models_own(name: str) -> None:
    model = model_of(name)
    for images in counts(name):
        inputs = inputs_of(name, images)
        whole = reduce_inputs(model, inputs)
        assert torch.equal(model.generate(**inputs, **GREEDY), model.generate(**whole, **GREEDY))
        shift = 1 if name == "paligemma" else 0  # its forward counts positions from 1, its generate adds that itself
        with torch.no_grad():
            logits = model(**{**whole, "position_ids": whole["position_ids"] + shift}).logits
            assert torch.equal(logits, model(**inputs).logits)


@pytest.mark.parametrize("name", FAMILIES)
def test_half_the_tokens_answer_as_the_language_model_over_hand_made_embeddings(name: str) -> None:
    model, inputs = model_of(name), inputs_of(name)
    shorter, segments = reduce_inputs(model, inputs, HALF, return_reductions=True)
    assert sum(len(each.reduction.kept) for each in segments) == sum(
        round(0.5 * each.grid[0] * each.grid[1]) for each in segments
    )
    if name in ("qwen3_vl", "gemma3", "paligemma"):
        pytest.skip("deep features and image masks are no property of embeddings; see the tests of those")
    ids = shorter["input_ids"]
    embeddings = model.get_input_embeddings()(ids)
    features = torch.cat(list(shorter["mm_encoder_outputs"]["image"].pooler_output))
    embeddings = embeddings.masked_scatter((ids == IMAGE)[..., None], features)
    with torch.no_grad():
        hidden = decoder_of(model)(inputs_embeds=embeddings, position_ids=shorter["position_ids"]).last_hidden_state
        expected = model.get_output_embeddings()(hidden)
        torch.testing.assert_close(model(**shorter).logits, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["llava", "qwen2_5_vl", "qwen3_vl", "gemma3", "internvl"])
def test_a_batch_of_unequal_rows_answers_as_its_rows_alone(name: str) -> None:
    model = model_of(name)
    one, two = inputs_of(name, 1), inputs_of(name, 2)
    width = two["input_ids"].shape[1]
    batch = {key: pair(one[key], two[key], width) for key in two}
    together = model.generate(**reduce_inputs(model, batch, HALF), **GREEDY)[:, -4:]
    alone = [model.generate(**reduce_inputs(model, inputs, HALF), **GREEDY)[0, -4:] for inputs in (one, two)]
    assert torch.equal(together, torch.stack(alone))


def decoder_of(model: Any) -> Any:
    """The language model without its head."""
    return getattr(model.base_model, "language_model", None) or model.base_model.text_model


def pair(one: Tensor, two: Tensor, width: int) -> Tensor:
    """Two inputs as one batch, the first padded on the left."""
    if one.ndim == 2 and two.shape == (1, width):
        pad = torch.full((1, width - one.shape[1]), PAD)
        return torch.cat([torch.cat([pad, one], dim=1), two])
    return torch.cat([one, two])


@pytest.mark.parametrize("name", ["llava", "qwen2_5_vl"])
def test_a_reducer_that_reads_the_question_gets_the_text_of_the_row_of_its_image(name: str) -> None:
    model = model_of(name)
    one, two = inputs_of(name, 1), inputs_of(name, 2)
    width = two["input_ids"].shape[1]
    batch = {key: pair(one[key], two[key], width) for key in two}
    note = Noted([])
    reduce_inputs(model, batch, Reducer(note, TopK(), Drop(), 0.5, 1))
    texts = [inputs["input_ids"][0][inputs["input_ids"][0] != IMAGE] for inputs in (one, two, two)]
    assert [each.embeddings.tolist() for each in note.found] == [
        model.get_input_embeddings()(text).tolist() for text in texts
    ]


@dataclass(frozen=True)
class Noted:
    """An importance that notes the questions it gets."""

    found: list[Question]
    requires: ClassVar[frozenset[type]] = frozenset({Question})

    def __call__(self, tokens: VisualTokens) -> Tensor:
        self.found.append(tokens.read(Question))
        return torch.arange(len(tokens.features)).float()


def test_the_text_behind_the_image_stays_where_it_was_or_closes_the_gap() -> None:
    model, inputs = model_of("qwen2_5_vl"), inputs_of("qwen2_5_vl")
    original = reduce_inputs(model, inputs, HALF)["position_ids"]
    full = reduce_inputs(model, inputs)["position_ids"]
    assert torch.equal(original[..., -1], full[..., -1])
    compact = reduce_inputs(model, inputs, HALF, positions="compact")["position_ids"]
    assert compact.max() + 1 == len(compact.unique())
    llava = reduce_inputs(model_of("llava"), inputs_of("llava"), HALF, positions="compact")["position_ids"]
    assert llava.tolist() == [list(range(23))]


def test_generation_goes_on_behind_the_last_position() -> None:
    model, inputs = model_of("llava"), inputs_of("llava")
    shorter = reduce_inputs(model, inputs, HALF)
    answer = model.generate(**shorter, **GREEDY)
    embeddings = model.get_input_embeddings()(answer[:, :-1])
    rows = shorter["input_ids"].shape[1]
    features = torch.cat(list(shorter["mm_encoder_outputs"]["image"].pooler_output))
    embeddings = embeddings.masked_scatter((answer[:, :-1] == IMAGE)[..., None], features)
    last = shorter["position_ids"][0, -1]
    positions = torch.cat([shorter["position_ids"], torch.arange(1, 4)[None] + last], dim=1)
    with torch.no_grad():
        hidden = model.base_model.language_model(inputs_embeds=embeddings, position_ids=positions).last_hidden_state
    assert torch.equal(model.lm_head(hidden)[:, rows - 1 :].argmax(-1), answer[:, rows:])


@pytest.mark.parametrize("name", ["llava", "qwen3_vl"])
def test_beams_and_several_answers_get_the_same_shorter_image(name: str) -> None:
    model, shorter = model_of(name), reduce_inputs(model_of(name), inputs_of(name, 2), HALF)
    beams = model.generate(**shorter, max_new_tokens=3, num_beams=3, num_return_sequences=2, do_sample=False)
    assert len(beams) == 2 and beams.shape[1] == shorter["input_ids"].shape[1] + 3


def test_deep_features_of_qwen3_are_cut_to_the_kept_tokens() -> None:
    model, inputs = model_of("qwen3_vl"), inputs_of("qwen3_vl", 2)
    shorter, segments = reduce_inputs(model, inputs, HALF, return_reductions=True)
    whole = reduce_inputs(model, inputs)["mm_encoder_outputs"]["image"].deepstack_features
    for layer, full in zip(shorter["mm_encoder_outputs"]["image"].deepstack_features, whole, strict=True):
        for rows, every, own in zip(layer, full, segments, strict=True):
            assert torch.equal(rows, every[own.reduction.kept])


def test_newlines_between_tiles_are_always_kept() -> None:
    model, inputs = model_of("llava_onevision"), inputs_of("llava_onevision")
    shorter, segments = reduce_inputs(model, inputs, HALF, return_reductions=True)
    assert [each.grid for each in segments] == [(6, 6), (6, 12)]
    (rows,) = shorter["mm_encoder_outputs"]["image"].pooler_output
    newlines = (rows == model.model.image_newline).all(-1)
    assert newlines.sum() == 6 and len(rows) == 18 + 36 + 6


def test_what_is_kept_of_an_image_depends_on_its_pixels_alone() -> None:
    model = model_of("llava")
    chance = Reducer(Random(), TopK(), Drop(), keep_ratio=0.5, min_keep=1)
    _, one = reduce_inputs(model, inputs_of("llava"), chance, return_reductions=True)
    _, two = reduce_inputs(model, inputs_of("llava", 2), chance, return_reductions=True)
    kept = [each.reduction.kept.tolist() for each in (*one, *two)]
    assert kept[0] == kept[1] != kept[2]


def tiny_vae() -> AutoencoderTiny:
    torch.manual_seed(0)
    return AutoencoderTiny(
        encoder_block_out_channels=(4, 4, 4, 4),
        decoder_block_out_channels=(4, 4, 4, 4),
        num_encoder_blocks=(1, 1, 1, 1),
        num_decoder_blocks=(1, 1, 1, 1),
        latent_channels=4,
    ).eval()


@pytest.mark.parametrize(
    "name", ["llava", "qwen2_5_vl", "qwen3_vl", "internvl", "smolvlm", "mistral3", "janus", "llava_onevision"]
)
def test_a_borrowed_autoencoder_gives_latent_scores_to_every_layout(name: str) -> None:
    contrast = Reducer(LatentContrast(), TopK(), Drop(), keep_ratio=0.5, min_keep=1)
    model, inputs = model_of(name), inputs_of(name, counts(name)[-1])
    _, segments = reduce_inputs(model, inputs, contrast, latents=BorrowedLatents(tiny_vae()), return_reductions=True)
    assert all(len(each.reduction.kept) == round(each.grid[0] * each.grid[1] / 2) for each in segments)


def test_pixels_that_the_latents_see_are_the_pictures() -> None:
    model, inputs = model_of("qwen2_5_vl"), inputs_of("qwen2_5_vl", 2)
    features = list(reduce_inputs(model, inputs)["mm_encoder_outputs"]["image"].pooler_output)
    segments = find_segments(model.config, inputs, features)
    seen = segment_pixels(model.config, inputs, segments)
    assert torch.equal(torch.stack([own for image in seen for own in image]), pixels(2, 48, 64))


def test_an_autoencoder_is_loaded_from_a_folder_with_the_processors_normalisation(tmp_path: Path) -> None:
    tiny_vae().save_pretrained(tmp_path / "tiny")
    AutoencoderKL(norm_num_groups=4, block_out_channels=(8,)).save_pretrained(tmp_path / "kl")

    class Processor:
        image_mean, image_std = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6]

    latents = load_latents(str(tmp_path / "tiny"), processor=Processor())
    assert isinstance(latents.vae, AutoencoderTiny) and latents.mean == [0.1, 0.2, 0.3]
    assert latents.block == 16 and latents.flops((48, 48)) > 0
    assert isinstance(load_latents(str(tmp_path / "kl")).vae, AutoencoderKL)
    (tmp_path / "kl" / "config.json").write_text('{"_class_name": "Popen"}')
    with pytest.raises(InputError, match="holds a Popen; wanted AutoencoderTiny or AutoencoderKL"):
        load_latents(str(tmp_path / "kl"))
    with pytest.raises(InputError, match="no autoencoder at"):
        load_latents(str(tmp_path / "nothing"))


def test_the_score_that_needs_a_projection_refuses_borrowed_latents() -> None:
    literal = Reducer(Latent(), TopK(), Drop(), keep_ratio=0.5, min_keep=1)
    with pytest.raises(InputError, match="no projection into the language model"):
        reduce_inputs(model_of("llava"), inputs_of("llava"), literal, latents=BorrowedLatents(tiny_vae()))


def test_what_does_not_fit_is_said_in_one_line() -> None:
    model, inputs = model_of("llava"), inputs_of("llava")
    contrast = Reducer(LatentContrast(), TopK(), Drop(), keep_ratio=0.5, min_keep=1, name="contrast")
    inside = Cascade([Reducer(Attention(), TopK(), Drop(), at=Depth(1))], name="fastv")
    wrong = {**inputs, "input_ids": inputs["input_ids"][:, 4:], "attention_mask": inputs["attention_mask"][:, 4:]}
    for expected, call in {
        "'contrast' needs LatentGrid": lambda: reduce_inputs(model, inputs, contrast),
        "'fastv' acts inside the language model": lambda: reduce_inputs(model, inputs, inside),
        "35 image tokens, but the model encoded 36": lambda: reduce_inputs(model, wrong, HALF),
        "hold no image": lambda: reduce_inputs(model, {"input_ids": inputs["input_ids"]}, HALF),
        "hold no input_ids": lambda: reduce_inputs(model, {"pixel_values": inputs["pixel_values"]}, HALF),
        "positions must be one of": lambda: reduce_inputs(model, inputs, HALF, positions="new"),
        "takes no `mm_encoder_outputs`": lambda: reduce_inputs(model.base_model.language_model, inputs, HALF),
        "grids or sizes of 2 were given": lambda: reduce_inputs(model, inputs, HALF, grids=[(6, 6), (6, 6)]),
        "does not hold a grid of 7x6": lambda: reduce_inputs(model, inputs, HALF, grids=[(7, 6)]),
    }.items():
        with pytest.raises(InputError, match=expected):
            call()


def test_a_size_bias_that_generate_cannot_take_is_said() -> None:
    sized = Reducer(Norm(), TopK(), Drop(), keep_ratio=0.5, min_keep=1, size_alpha=0.5)
    with pytest.warns(UserWarning, match=r"size_alpha=0\.5 .* is left out"):
        reduce_inputs(model_of("llava"), inputs_of("llava"), sized)
