import pytest
import torch

from g2tr.models.engine.layout import grid_positions, image_positions, image_rows, pack, text_positions

SAMPLES = [([4], [0]), ([3], [5]), ([2, 3], [4, 0]), ([1, 1, 6], [7, 2, 3])]


def test_new_rows_of_a_sample_follow_its_cached_rows() -> None:
    layout = pack([2, 3], [1, 4])
    assert layout.old.tolist() == [0, 3, 4, 5, 6]
    assert layout.new.tolist() == [1, 2, 7, 8, 9]
    assert layout.totals == (3, 7)


@pytest.mark.parametrize("lengths, cached", SAMPLES)
def test_every_key_row_is_either_new_or_cached(lengths: list[int], cached: list[int]) -> None:
    layout = pack(lengths, cached)
    assert torch.cat([layout.new, layout.old]).sort().values.tolist() == list(range(sum(layout.totals)))
    assert len(layout.new) == sum(lengths)
    assert len(layout.old) == sum(cached)


@pytest.mark.parametrize("lengths, cached", SAMPLES)
def test_the_totals_of_one_block_are_the_cache_of_the_next(lengths: list[int], cached: list[int]) -> None:
    first = pack(lengths, cached)
    assert pack([1] * len(lengths), first.totals).totals == tuple(total + 1 for total in first.totals)


def test_a_packed_sample_has_the_layout_it_has_alone_behind_the_samples_before_it() -> None:
    alone, packed = pack([3], [4]), pack([2, 3], [5, 4])
    assert packed.new[2:].tolist() == (alone.new + 7).tolist()
    assert packed.old[5:].tolist() == (alone.old + 7).tolist()


def test_lengths_and_caches_of_different_numbers_of_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        pack([1, 2], [1])


def test_markers_stand_around_the_tokens_of_every_image() -> None:
    rows = image_rows([3, 1])
    assert rows.lengths == (5, 3)
    assert rows.markers.tolist() == [0, 4, 5, 7]
    assert rows.tokens.tolist() == [1, 2, 3, 6]


def test_all_rows_of_an_image_share_one_position_however_many_are_kept() -> None:
    assert image_positions([4, 2], [9, 3]).tolist() == [9, 9, 9, 9, 3, 3]
    assert set(image_positions([100], [9]).tolist()) == set(image_positions([34], [9]).tolist()) == {9}


def test_rows_of_a_text_take_one_position_each() -> None:
    assert text_positions([3, 2], [9, 0]).tolist() == [9, 10, 11, 0, 1]


def test_grid_positions_address_a_square_table_row_by_row() -> None:
    assert grid_positions((2, 3), 10).tolist() == [0, 1, 2, 10, 11, 12]
