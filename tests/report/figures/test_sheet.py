from PIL import Image

from g2tr.report.figures.drawing import DARK, png
from g2tr.report.figures.sheet import GridCell, ImageGrid, drawn

PANEL = GridCell(Image.new("RGB", (8, 4)), "four ✓", True)


def test_a_sheet_has_a_panel_per_sample_and_column() -> None:
    figure = drawn(ImageGrid(["none", "g2tr 0.5"], ["how many ?", "where ?", "why ?"], [[PANEL, PANEL]] * 3), DARK)
    assert len(figure.axes) == 6
    assert [axes.get_title() for axes in figure.axes] == ["none", "g2tr 0.5", "", "", "", ""]
    assert {axes.get_xlabel() for axes in figure.axes} == {"four ✓"}


def test_any_prompt_can_be_drawn() -> None:
    assert png(drawn(ImageGrid(["$x_1"], ["costs $5 or 五 or $^{"], [[PANEL]]), DARK), DARK)


def test_a_wide_sheet_is_cut_and_what_leads_comes_again() -> None:
    names = ["none", *"abcdefghi"]
    parts = list(ImageGrid(names, ["p"], [[PANEL] * 10], lead=1).parts(width=5))
    assert ["".join(part.columns) for part in parts] == ["noneabcd", "noneefgh", "nonei"]
    assert [len(part.rows[0]) for part in parts] == [5, 5, 2]
