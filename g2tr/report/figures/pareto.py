"""Relative score against prefill speed-up, after Figure 1 of the paper."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from g2tr.report.figures.drawing import PlotStyle, Theme, draw_line, name_ends, plot
from g2tr.report.tables.line import ResultRow
from g2tr.report.tables.section import ModelResults

Point = tuple[float, float]


def point_of(line: ResultRow) -> Point | None:
    """Speed-up and relative score, where both were measured; rounded, so that equal budgets are equal."""
    speedup = line.saving("prefill_flops")
    return None if speedup is None or line.relative is None else (round(speedup, 4), round(100 * line.relative.mean, 4))


def front(points: Sequence[Point]) -> list[Point]:
    """Points that no other beats in one number without losing in the other, by rising speed-up."""
    best: list[Point] = []
    for point in sorted(set(points), reverse=True):
        if not best or point[1] > best[-1][1]:
            best.append(point)
    return best[::-1]


def pareto(section: ModelResults, style: Mapping[str, PlotStyle], theme: Theme) -> Figure | None:
    """A curve per reducer over its keep ratios, over the region that the front dominates. None without any saving."""
    points = {line: point for line in section.lines if (point := point_of(line))}
    if len(set(points.values())) < 2:
        return None
    figure, axes = plot(theme, "prefill speed-up, FLOPs", "score, % of the unreduced model", len(section.series))
    ends = {}
    for label, lines in section.series.items():
        known = [line for line in lines if line in points]
        if not known:
            continue
        xs, ys = zip(*(points[line] for line in known), strict=True)
        deviations = [100 * line.relative.deviation if line.relative else 0.0 for line in known]
        draw_line(axes, xs, ys, deviations, style[label], theme)
        ends[label] = points[known[-1]]
    best, several = front(list(points.values())), len({line.keep for line in points if not line.is_reference}) > 1
    shade(axes, best, theme)
    for line, point in points.items():
        if line.is_reference:
            ends.pop(line.label, None)
            beside(axes, line.label, point, (9.0, -3.0), style[line.label].text(theme), 9.0)
        elif several and point in best:
            beside(axes, f"{line.keep:g}", point, (4.0, 6.0), style[line.label].text(theme), 8.0)
    name_ends(figure, axes, ends, style, theme)
    return figure


def shade(axes: Axes, points: Sequence[Point], theme: Theme) -> None:
    """Everything that one of these points beats."""
    (left, _), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    xs, ys = [left, *(x for x, _ in points)], [points[0][1], *(y for _, y in points)]
    axes.fill_between(xs, ys, bottom, step="pre", color=theme.muted, alpha=0.12, linewidth=0)
    axes.set_xlim(left=left)
    axes.set_ylim(bottom, top)


def beside(axes: Axes, text: str, point: Point, offset: Point, colour: str, size: float) -> None:
    """A few characters next to a point."""
    axes.annotate(
        text, point, offset, textcoords="offset points", fontsize=size, color=colour, parse_math=False, zorder=4
    )
