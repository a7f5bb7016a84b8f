"""A sheet of images: a row per sample, a column per reducer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from g2tr.report.figures.drawing import Theme

# Inches: side of a panel, space right of it and below it, width of the prompts, height of a line of text.
PANEL, GAP, BELOW, PROMPT, LINE = 1.15, 0.07, 0.27, 1.35, 0.14


@dataclass(frozen=True, eq=False)
class GridCell:
    """One image; `right` tells whether what is said below it is right, where that is known."""

    image: Image.Image
    text: str = ""
    right: bool | None = None


@dataclass(frozen=True, eq=False)
class ImageGrid:
    """A row of panels for each prompt; the first `lead` columns are what the others are compared with."""

    columns: Sequence[str]
    prompts: Sequence[str]
    rows: Sequence[Sequence[GridCell]]
    lead: int = 0

    def parts(self, width: int = 8) -> Iterator["ImageGrid"]:
        """Sheets of at most `width` columns, each with the leading ones."""
        for start in range(self.lead, len(self.columns), width - self.lead):
            shown = [*range(self.lead), *range(start, min(start + width - self.lead, len(self.columns)))]
            rows = [[row[i] for i in shown] for row in self.rows]
            yield ImageGrid([self.columns[i] for i in shown], self.prompts, rows, self.lead)


def drawn(sheet: ImageGrid, theme: Theme) -> Figure:
    """The sheet, its prompts on the left, the names of its columns on top and answers below the panels."""
    titles = [fill(title, 18, break_long_words=False) for title in sheet.columns]
    top = 0.12 + LINE * max(title.count("\n") + 1 for title in titles)
    width, height = PROMPT + len(titles) * (PANEL + GAP), top + len(sheet.rows) * (PANEL + BELOW)
    figure = Figure(figsize=(width, height))
    for i, (prompt, panels) in enumerate(zip(sheet.prompts, sheet.rows, strict=True)):
        bottom = (height - top - PANEL - i * (PANEL + BELOW)) / height
        middle = bottom + PANEL / 2 / height
        figure.text(
            (PROMPT - 0.12) / width,
            middle,
            fill(prompt.replace(" ?", "\N{NO-BREAK SPACE}?"), 20, max_lines=7, placeholder=" …"),
            ha="right",
            va="center",
            fontsize=8,
            color=theme.text_colour,
            parse_math=False,
        )
        for j, (panel, title) in enumerate(zip(panels, titles, strict=True)):
            left = (PROMPT + j * (PANEL + GAP)) / width
            axes = figure.add_axes((left, bottom, PANEL / width, PANEL / height))
            draw_panel(axes, panel, title if i == 0 else "", theme)
    return figure


def draw_panel(axes: Axes, panel: GridCell, title: str, theme: Theme) -> None:
    """One image, its column's name above it and what is said below it."""
    axes.imshow(panel.image)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(title, fontsize=8, color=theme.text_colour, pad=4, parse_math=False)
    colour = {True: theme.right, False: theme.wrong, None: theme.text_colour}[panel.right]
    axes.set_xlabel(panel.text, fontsize=8, color=colour, labelpad=2, parse_math=False)
