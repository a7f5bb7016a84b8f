"""What all figures share: paper and ink of light and dark pages, a look per reducer, plots with names beside them."""

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

# Okabe and Ito's palette without its yellow, which is too faint on white; g2tr always has the first colour.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
NEUTRAL = {"none": "*", "random": "o"}
DPI = 200
NAME_HEIGHT = 0.17  # inches


@dataclass(frozen=True)
class Theme:
    """Colours of a page; `lift` is how much ink is mixed into the palette."""

    background: str
    text_colour: str
    muted: str
    right: str
    wrong: str
    lift: float


LIGHT = Theme("#ffffff", "#1f2328", "#7d8590", "#1a7f37", "#cf222e", 0.0)
DARK = Theme("#161b22", "#e6edf3", "#9198a1", "#3fb950", "#ff7b72", 0.2)


def mixed(colour: str, other: str, share: float) -> str:
    """A colour with a share of another."""
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(to_rgb(colour), to_rgb(other), strict=True))
    return to_hex((red, green, blue))


@dataclass(frozen=True)
class PlotStyle:
    """How a reducer is drawn; without a colour of its own in the ink of the page, or fainter."""

    colour: str | None
    marker: str

    def line(self, theme: Theme) -> str:
        """The colour of lines and markers."""
        if self.colour is None:
            return theme.text_colour if self.marker == "*" else theme.muted
        return mixed(self.colour, theme.text_colour, theme.lift)

    def text(self, theme: Theme) -> str:
        """The same, with enough ink to be read."""
        return mixed(self.line(theme), theme.text_colour, 0.35)


def styles(labels: Sequence[str]) -> dict[str, PlotStyle]:
    """The same look for a reducer in all figures; 42 reducers can be told apart."""
    coloured = sorted((label for label in labels if label not in NEUTRAL), key=lambda label: (label != "g2tr", label))
    known = {label: PlotStyle(None, NEUTRAL[label]) for label in labels if label in NEUTRAL}
    return known | {
        label: PlotStyle(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]) for i, label in enumerate(coloured)
    }


def plot(theme: Theme, x: str, y: str, names: int) -> tuple[Figure, Axes]:
    """Quiet axes with a faint grid, high enough for that many names beside them."""
    figure = Figure(figsize=(5.4, max(3.8, 0.9 + NAME_HEIGHT * names)), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor(theme.background)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.muted)
    axes.tick_params(colors=theme.text_colour, labelsize=9, length=3, color=theme.muted)
    axes.grid(color=theme.muted, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(x, fontsize=10, color=theme.text_colour)
    axes.set_ylabel(y, fontsize=10, color=theme.text_colour, parse_math=False)
    axes.margins(0.08)
    return figure, axes


def draw_line(
    axes: Axes, xs: Sequence[float], ys: Sequence[float], deviations: Sequence[float], style: PlotStyle, theme: Theme
) -> None:
    """One reducer, with bars where its seeds differ."""
    axes.errorbar(
        xs,
        ys,
        yerr=deviations if any(deviations) else None,
        color=style.line(theme),
        marker=style.marker,
        markersize=11 if style.marker == "*" else 6.5,
        markeredgecolor=theme.background,
        markeredgewidth=0.7,
        linewidth=1.6,
        elinewidth=0.9,
        capsize=2.5,
        zorder=3,
    )


def name_ends(
    figure: Figure, axes: Axes, ends: Mapping[str, tuple[float, float]], style: Mapping[str, PlotStyle], theme: Theme
) -> None:
    """Names and markers right of the axes, at the heights of their points or as near as others allow, tied by dots."""
    low, high = axes.get_ylim()
    names = sorted(ends, key=lambda name: ends[name][1])
    heights = spread_labels(
        [(ends[name][1] - low) / (high - low) for name in names], NAME_HEIGHT / (figure.get_figheight() - 0.7)
    )
    for name, height in zip(names, heights, strict=True):
        colour, (x, y) = style[name].line(theme), ends[name]
        axes.annotate(
            "",
            (min(x, axes.get_xlim()[1]), y),
            (1.03, height),
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "linestyle": ":", "color": colour, "linewidth": 0.9, "shrinkA": 0},
        )
        place, text_colour = axes.transAxes, style[name].text(theme)
        axes.plot(1.045, height, style[name].marker, color=colour, markersize=5, mew=0, transform=place, clip_on=False)
        axes.text(1.07, height, name, fontsize=9, color=text_colour, va="center", transform=place, parse_math=False)


def spread_labels(heights: Sequence[float], gap: float) -> list[float]:
    """Rising heights, neighbours at least `gap` apart; those too close are spread around their mean."""
    groups: list[list[float]] = []
    for height in heights:
        groups.append([height])
        while len(groups) > 1 and fmean(groups[-1]) - fmean(groups[-2]) < gap * (len(groups[-1]) + len(groups[-2])) / 2:
            groups[-2:] = [groups[-2] + groups[-1]]
    return [fmean(group) + gap * (i - (len(group) - 1) / 2) for group in groups for i in range(len(group))]


def png(figure: Figure, theme: Theme) -> bytes:
    """The figure without anything that changes from run to run."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # A script that the font lacks is drawn as boxes; the page has the prompt as text, too.
        warnings.filterwarnings("ignore", message="Glyph")
        figure.savefig(buffer, format="png", dpi=DPI, facecolor=theme.background, metadata={"Software": None})
    return buffer.getvalue()
