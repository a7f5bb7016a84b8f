import copy

import pytest
import torch
from torch import Tensor

from g2tr.models.internvl_u.decoder import GenerationDecoder, Row, from_patches, to_patches
from g2tr.models.internvl_u.decoder_config import DecoderConfig
from g2tr.models.internvl_u.positions import KeptGrid
from tests.models.internvl_u.rows import EVEN, GRID, SIZE, recorded_rows, reduced_row

TIME = 900.0


def velocity(decoder: GenerationDecoder, row: Row, golden: dict[str, Tensor], time: float = TIME) -> Tensor:
    return decoder(golden["edit.x_t"][0], time, decoder.read(row, SIZE)).cpu()


def test_velocities_of_the_recorded_edit(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    found = torch.stack([velocity(decoder, row, golden) for row in recorded_rows(golden)])
    assert torch.allclose(found, golden["edit.velocity_t900"], rtol=0, atol=1e-5)


def test_with_the_fallback_positions_reduced_rows_give_what_the_official_code_gave(
    decoder: GenerationDecoder, golden: dict[str, Tensor]
) -> None:
    wanted = golden["edit_reduced_fallback.velocity_t900"]
    for row, recorded in zip(recorded_rows(golden)[:2], wanted, strict=False):
        plain = reduced_row(row, (), torch.zeros(len(row.states) - 8, dtype=torch.bool))
        assert torch.allclose(velocity(decoder, plain, golden), recorded, rtol=0, atol=1e-5)


def test_reduced_rows_differ_by_a_few_per_cent_and_not_as_the_fallback_does(
    decoder: GenerationDecoder, golden: dict[str, Tensor]
) -> None:
    reduced = velocity(decoder, reduced_row(recorded_rows(golden).full, (KeptGrid(GRID, EVEN, GRID),)), golden)
    full, fallback = golden["edit.velocity_t900"][0], golden["edit_reduced_fallback.velocity_t900"][0]
    assert float((reduced - full).norm() / full.norm()) == pytest.approx(0.031, abs=0.001)
    assert float((fallback - full).norm() / full.norm()) == pytest.approx(0.037, abs=0.001)
    assert float((reduced - fallback).norm() / full.norm()) > 0.01


def test_keeping_every_token_changes_no_bit(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    row = recorded_rows(golden).full
    kept = Row(row.states, row.is_image, (KeptGrid(GRID, torch.arange(16), GRID),), row.references)
    assert torch.equal(velocity(decoder, kept, golden), velocity(decoder, row, golden))


def test_conditioning_is_a_set_of_tokens_with_positions(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    row = recorded_rows(golden).empty
    noisy, reading = golden["edit.x_t"][0], decoder.read(row, SIZE)
    order = torch.randperm(len(row.states), generator=torch.Generator().manual_seed(0))
    rotaries = torch.cat([reading.rotaries[:48], reading.rotaries[48:][order]])
    shuffled = type(reading)(reading.references, reading.text[order], rotaries)
    assert torch.allclose(decoder(noisy, TIME, shuffled), decoder(noisy, TIME, reading), atol=1e-5)


def test_time_and_references_matter(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    row = recorded_rows(golden).full
    base = velocity(decoder, row, golden)
    assert not torch.allclose(velocity(decoder, row, golden, time=500.0), base, atol=1e-2)
    unseen = Row(row.states, row.is_image, row.images)
    assert not torch.allclose(velocity(decoder, unseen, golden), base, atol=1e-2)


def test_a_reference_may_have_another_size(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    row = recorded_rows(golden).full
    row = Row(row.states, row.is_image, row.images, (*row.references, row.references[0][:, :4, :6]))
    assert velocity(decoder, row, golden).isfinite().all()
    assert len(decoder.read(row, SIZE).references) == 48 + 6


def test_half_precision_stays_within_a_few_per_cent(decoder: GenerationDecoder, golden: dict[str, Tensor]) -> None:
    found = velocity(copy.deepcopy(decoder).bfloat16(), recorded_rows(golden).full, golden)
    wanted = golden["edit.velocity_t900"][0]
    assert found.dtype == torch.float32
    assert float((found - wanted).norm() / wanted.norm()) < 0.05


def test_the_published_decoder_has_its_parameters() -> None:
    with torch.device("meta"):
        parameters = list(GenerationDecoder(DecoderConfig()).parameters())
    assert (len(parameters), sum(value.numel() for value in parameters)) == (654, 1_808_034_880)


def test_a_patch_lists_channels_then_rows_then_columns() -> None:
    y, x = torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij")
    latent = torch.stack([y * 1000 + x * 100 + channel for channel in range(16)]).float()
    patches = to_patches(latent, 2)
    assert patches.shape == (6, 64)
    assert patches[1 * 3 + 2, (5 * 2 + 1) * 2 + 0] == 3 * 1000 + 4 * 100 + 5
    assert torch.equal(from_patches(patches, (2, 3), 2), latent)


def test_a_latent_that_cannot_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="a latent of 5 x 6 cannot be cut into patches of 2 x 2"):
        to_patches(torch.zeros(16, 5, 6), 2)
