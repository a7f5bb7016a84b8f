"""Score of a benchmark over the keep ratio, a curve per reducer."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from g2tr.report.figures.drawing import PlotStyle, Theme, draw_line, name_ends, plot
from g2tr.report.tables.section import ModelResults
from g2tr.report.tables.table import scale_of


def curves(section: ModelResults, benchmark: str, style: Mapping[str, PlotStyle], theme: Theme) -> Figure | None:
    """The unreduced model is a dashed level. None where no reducer was run at two keep ratios."""
    score = section.headlines[benchmark][0]
    scale = scale_of(score)
    found = {
        label: [(line.keep, spread) for line in lines if (spread := line.score(benchmark, score))]
        for label, lines in section.series.items()
    }
    if all(len(spreads) < 2 for spreads in found.values()):
        return None
    figure, axes = plot(theme, "keep ratio", score + (", %" if scale > 1 else ""), len(found))
    ends = {}
    for label, spreads in found.items():
        heights = [scale * spread.mean for _, spread in spreads]
        if section.reference and label == section.reference.label:
            axes.axhline(heights[0], color=style[label].line(theme), linestyle=(0, (4, 3)), linewidth=1)
        elif heights:
            deviations = [scale * spread.deviation for _, spread in spreads]
            draw_line(axes, [keep for keep, _ in spreads], heights, deviations, style[label], theme)
        if heights:
            ends[label] = (spreads[0][0], heights[0])
    axes.set_xticks(sorted({line.keep for line in section.lines if not line.is_reference}))
    name_ends(figure, axes, ends, style, theme)
    return figure
