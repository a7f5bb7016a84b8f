import pytest
import torch
from torch import Tensor

from g2tr.models.internvl_u.positions import (
    KeptGrid,
    centred,
    conditioning_positions,
    grid_positions,
    latent_positions,
    row_positions,
)
from tests.models.internvl_u.rows import EVEN, GRID, SIZE, keep

REFERENCES = ([SIZE], [SIZE], [])
TEXT, IMAGE = False, True


def mask(*tokens: bool) -> Tensor:
    return torch.tensor(tokens)


def test_positions_of_the_recorded_edit(golden: dict[str, Tensor]) -> None:
    found = [
        row_positions(SIZE, references, golden[f"edit.di.encoder_image_token_mask.{i}"], images, 0.25)
        for i, references in enumerate(REFERENCES)
        for images in [[KeptGrid.full(GRID)] if references else []]
    ]
    assert torch.equal(torch.cat(found), golden["edit.position_ids_3d"])


def test_kept_image_tokens_and_all_text_keep_the_positions_they_had(golden: dict[str, Tensor]) -> None:
    is_image = golden["edit.di.encoder_image_token_mask.0"]
    stay = keep(is_image, EVEN)
    full = row_positions(SIZE, [SIZE], is_image, [KeptGrid.full(GRID)], 0.25)
    reduced = row_positions(SIZE, [SIZE], is_image[stay], [KeptGrid(GRID, EVEN, GRID)], 0.25)
    assert torch.equal(reduced, torch.cat([full[:96], full[96:][stay]]))


def test_the_silent_fallback_of_the_official_code_is_somewhere_else(golden: dict[str, Tensor]) -> None:
    fallback, right = [], []
    for i, references in enumerate(REFERENCES):
        is_image = golden[f"edit.di.encoder_image_token_mask.{i}"]
        is_image = is_image[keep(is_image, EVEN)]
        images = [KeptGrid(GRID, EVEN, GRID)] if references else []
        fallback.append(row_positions(SIZE, references, torch.zeros_like(is_image), [], 0.25))
        right.append(row_positions(SIZE, references, is_image, images, 0.25))
    assert torch.equal(torch.cat(fallback), golden["edit_reduced_fallback.position_ids_3d"])
    moved = (torch.cat(fallback) != torch.cat(right)).any(dim=-1)
    assert moved.sum() == 8 + 28 + 8 + 60  # both images, and all text after them


@pytest.mark.parametrize("length, wanted", [(1, [-1]), (2, [-1, 0]), (5, [-3, -2, -1, 0, 1]), (4, [-2, -1, 0, 1])])
def test_coordinates_are_centred_at_zero(length: int, wanted: list[int]) -> None:
    assert centred(length).tolist() == wanted


def test_coordinates_stretch_linearly() -> None:
    assert (centred(16, 0.25)[0], centred(16, 0.25)[-1]) == (-32, 31)
    assert centred(4, 0.25).tolist() == [-8, -3, 2, 7]
    assert centred(3, 0.25).tolist() == [-8, -2.5, 3]


def test_a_grid_is_in_raster_order() -> None:
    assert grid_positions(2, (2, 3)).tolist() == [[2, y, x] for y in (-1, 0) for x in (-2, -1, 0)]


def test_every_reference_has_a_frame_and_a_size_of_its_own() -> None:
    positions = latent_positions((1, 1), [(1, 2), (2, 1)])
    assert positions.tolist() == [[0, -1, -1], [1, -1, -1], [1, -1, 0], [2, -1, -1], [2, 0, -1]]


def test_text_counts_on_from_the_largest_coordinate() -> None:
    assert row_positions((2, 8), [], mask(TEXT, TEXT), [], 0.25)[16:].tolist() == [[4] * 3, [5] * 3]
    assert row_positions((2, 2), [(1, 1)] * 6, mask(TEXT), [], 0.25)[-1].tolist() == [7] * 3  # here frames


def test_the_counter_steps_over_the_full_grid_whatever_was_kept() -> None:
    image = KeptGrid((2, 2), torch.tensor([3]), (2, 2))
    found = conditioning_positions(mask(TEXT, IMAGE, TEXT, IMAGE, TEXT), [image, image], 0, 0.25)
    assert found.tolist() == [[0, 0, 0], [1, 3, 3], [4, 4, 4], [5, 3, 3], [6, 6, 6]]


@pytest.mark.parametrize("tokens, images", [((TEXT, IMAGE), 0), ((TEXT,), 1), ((IMAGE, IMAGE), 1)])
def test_runs_and_images_that_do_not_match_are_refused(tokens: tuple[bool, ...], images: int) -> None:
    with pytest.raises(ValueError, match="the conditioning has image runs of"):
        conditioning_positions(mask(*tokens), [KeptGrid((2, 2), torch.tensor([0]), (2, 2))] * images, 0, 0.25)


def test_a_smaller_view_of_an_image_spans_the_same_range() -> None:
    small = KeptGrid((2, 3), torch.arange(6), (4, 4))
    found, full = (
        conditioning_positions(torch.ones(n).bool(), [grid], 5, 0.25)
        for n, grid in ((6, small), (16, KeptGrid.full((4, 4))))
    )
    assert torch.equal(found.amin(0), full.amin(0)) and torch.equal(found.amax(0), full.amax(0))
    assert found[:3, 2].tolist() == [-8.0, -0.5, 7.0]
    after = [
        conditioning_positions(torch.arange(n + 1) < n, [grid], 5, 0.25)[-1]
        for n, grid in ((6, small), (16, KeptGrid.full((4, 4))))
    ]
    assert torch.equal(*after)
