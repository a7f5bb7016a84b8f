"""All figures of a section, each for light and for dark pages."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from matplotlib.figure import Figure

from g2tr.errors import InputError
from g2tr.evaluation.trusted_config import build_benchmark
from g2tr.report.figures.curves import curves
from g2tr.report.figures.drawing import DARK, LIGHT, PlotStyle, Theme, png
from g2tr.report.figures.pareto import pareto
from g2tr.report.figures.pictures import sheets
from g2tr.report.figures.sheet import drawn
from g2tr.report.tables.section import ModelResults

CSS_PIXELS = 120  # per inch of a figure
Draw = Callable[[Theme], Figure | None]
TITLES = {"kept": "Kept tokens", "homes": "Where tokens merged", "edits": "Edits"}
CAPTIONS = {
    "kept": "Dropped tokens are grey. For methods that act inside the language model, what its last layer still reads.",
    "homes": "Every token in the mean colour of those that merged with it. Grey is dropped.",
    "edits": "What is given, what is wanted, and what the model paints without and with each reducer.",
}


@dataclass(frozen=True)
class RenderedFigure:
    """A finished figure: PNGs for light and dark pages, and its width on a page in CSS pixels."""

    name: str
    title: str
    caption: str
    alt: str
    width: int
    light: bytes
    dark: bytes


def plate(name: str, title: str, caption: str, alt: str, draw: Draw) -> Iterator[RenderedFigure]:
    """One figure, unless there is nothing to draw."""
    light, dark = draw(LIGHT), draw(DARK)
    if light is not None and dark is not None:
        width = round(CSS_PIXELS * light.get_figwidth())
        yield RenderedFigure(name, title, caption, alt, width, png(light, LIGHT), png(dark, DARK))


def charts(section: ModelResults, style: Mapping[str, PlotStyle]) -> Iterator[RenderedFigure]:
    """Trade-off and curves."""
    yield from plate(
        "pareto",
        "Score against speed-up",
        "Each reducer at its keep ratios; up and right is better, what is shaded is beaten. "
        "Numbers are the keep ratios of the best.",
        "Relative score of each reducer against its prefill speed-up",
        partial(pareto, section, style),
    )
    for name in section.benchmarks:
        yield from plate(
            f"curves-{name}",
            f"Score over keep ratio: {name}",
            "The dashed level is the unreduced model. Bars are standard deviations over seeds.",
            f"Score of each reducer on {name} over its keep ratio",
            partial(curves, section, name, style),
        )


def pictures(section: ModelResults, count: int, assignment: bool) -> tuple[list[RenderedFigure], list[str]]:
    """Kept tokens and edits of every benchmark, and for each whose samples or edits cannot be read the reason."""
    plates, left_out = [], []
    for name in section.benchmarks:
        try:
            plates += list(pictures_of(section, name, count, assignment))
        except (InputError, OSError) as error:
            left_out.append(f"pictures of {name}: {error}")
    return plates, left_out


def pictures_of(section: ModelResults, name: str, count: int, assignment: bool) -> Iterator[RenderedFigure]:
    """Kept tokens and edits of one benchmark, in as many parts as they are wide."""
    for kind, sheet in sheets(section, name, build_benchmark(name, section.benchmarks[name]), count, assignment):
        alt = f"{TITLES[kind]} on {name}: {'; '.join(sheet.prompts)}"
        for number, part in enumerate(sheet.parts(), start=1):
            title = f"{TITLES[kind]}: {name}" + (f", continued ({number})" if number > 1 else "")
            stem = f"{kind}-{name}" + (f"-{number}" if number > 1 else "")
            yield from plate(stem, title, CAPTIONS[kind], alt, partial(drawn, part))
