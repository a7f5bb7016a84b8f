import torch
from PIL import Image

from g2tr.metrics.account import kept_views
from g2tr.models.engine.trace import Trace, View
from g2tr.reducers.tokens import initial_assignment
from g2tr.report.figures.overlay import kept_mask, merged, overlay, side_by_side


def view_of(kept: list[int], grid: tuple[int, int]) -> dict[str, object]:
    rows = torch.tensor(kept)
    return kept_views(Trace(views=(View(grid, rows, initial_assignment(rows, grid[0] * grid[1]), (), ()),)))[0]


def test_kept_tokens_survive_their_bits() -> None:
    assert kept_mask(view_of([0, 2, 5], (2, 3))) == ((2, 3), [True, False, True, False, False, True])
    assert kept_mask(view_of([3], (2, 2))) == ((2, 2), [False, False, False, True])


def test_kept_tokens_stay_as_they_are_and_dropped_ones_fade() -> None:
    shown = overlay(Image.new("RGB", (20, 10), (200, 0, 0)), view_of([1], (1, 2)), fade=1.0)
    assert shown.getpixel((15, 5)) == (200, 0, 0)
    assert shown.getpixel((5, 5)) == (128, 128, 128)


def test_merged_tokens_show_their_mean_colour_and_dropped_ones_grey() -> None:
    image = Image.new("RGB", (4, 1), (200, 0, 0))
    image.putpixel((1, 0), (0, 0, 100))
    merging = View((1, 4), torch.tensor([0, 3]), torch.tensor([0, 0, -1, 1]), (), ())
    (view,) = kept_views(Trace(views=(merging,)))
    assert [merged(image, view).getpixel((x, 0)) for x in range(4)] == [(100, 0, 50)] * 2 + [(128,) * 3, (200, 0, 0)]
    assert merged(image, view_of([1], (1, 4))).getpixel((0, 0)) == (128, 128, 128)


def test_images_stand_in_a_row_at_one_height() -> None:
    sheet = side_by_side([Image.new("RGB", (10, 10)), Image.new("RGB", (40, 20))], gap=4)
    assert sheet.size == (10 + 4 + 20, 10)
