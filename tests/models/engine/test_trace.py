from dataclasses import replace

import torch

from g2tr.models.engine.trace import BlockRows, Trace, View
from g2tr.reducers.tokens import Reduction, VisualTokens, initial_assignment


def view(count: int, kept: list[int]) -> View:
    """What an image of `count` tokens leaves when only `kept` stay."""
    index = torch.tensor(kept)
    tokens = VisualTokens(torch.zeros(count, 4), (1, count))
    return View.of(tokens, Reduction(tokens.features[index], index, initial_assignment(index, count)), layers=2)


def test_a_new_trace_has_seen_nothing() -> None:
    assert (Trace().blocks, Trace().views, Trace().full) == ((), (), 0)


def test_later_blocks_would_have_met_the_dropped_rows_of_all_images_before() -> None:
    trace = Trace().block([5, 5], [0, 0], 5)
    trace = trace.view(view(10, [1, 2, 3])).block([5, 5], [5, 5], 12)
    trace = trace.view(view(6, [0, 5])).block([8, 4], [10, 10], 8)
    trace = trace.block([3, 3], [18, 14], 3)
    assert trace.blocks == (
        BlockRows(rows=(5, 5), cached=(0, 0), full_rows=5, full_cached=0),
        BlockRows(rows=(5, 5), cached=(5, 5), full_rows=12, full_cached=5),
        BlockRows(rows=(8, 4), cached=(10, 10), full_rows=8, full_cached=17),
        BlockRows(rows=(3, 3), cached=(18, 14), full_rows=3, full_cached=25),
    )
    assert (trace.vit_patches, trace.full) == ((10, 6), 28)


def test_a_view_that_is_reduced_again_says_which_layers_read_and_keep_what() -> None:
    first = view(6, [0, 2, 4, 5])
    index = torch.tensor([1, 3])
    second = Reduction(torch.zeros(2, 4), index, torch.tensor([0, 0, 1, 1]))
    inner = first.within(second, depth=1, evict_lower_layers=False)
    assert (inner.kept.tolist(), inner.assignment.tolist()) == ([2, 5], [0, -1, 0, -1, 1, 1])
    assert (inner.read, inner.cached) == ((4, 2), (4, 2))
    assert first.within(second, depth=1, evict_lower_layers=True).cached == (2, 2)
    assert (first.evicted(second, depth=1, evict_lower_layers=False).read) == (4, 4)


def test_a_trace_is_not_changed_by_what_follows() -> None:
    before = Trace().block([5], [0], 5)
    before.view(view(4, [0])).anchor_encode((32, 48))
    assert (before.views, before.anchor_encodes, len(before.blocks)) == ((), (), 1)


def test_extra_encodes_are_listed_with_their_sizes() -> None:
    assert Trace().anchor_encode((32, 48)).anchor_encode((16, 16)).anchor_encodes == ((32, 48), (16, 16))


def test_a_view_keeps_the_grid_the_kept_and_the_homes_on_the_cpu() -> None:
    seen = view(4, [1, 3])
    assert (seen.grid, seen.kept.tolist(), seen.assignment.tolist()) == ((1, 4), [1, 3], [-1, 0, -1, 1])
    assert seen.kept.device.type == seen.assignment.device.type == "cpu"


def test_tokens_that_the_tower_was_spared_are_missing_without_reduction() -> None:
    assert view(6, [0, 5]).full == 6
    assert replace(view(6, [0, 5]), skipped_tokens=10).full == 16
