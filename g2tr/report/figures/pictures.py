"""Samples side by side: what each reducer keeps, after Figure 5 of the paper, and what it edits, after Figure 4."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import shorten

from PIL import Image

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.evaluation.record import Record, read_records
from g2tr.evaluation.run_folder import RunFolder
from g2tr.images import ImageSource, to_rgb
from g2tr.report.figures.overlay import kept_mask, merged, overlay
from g2tr.report.figures.sheet import GridCell, ImageGrid
from g2tr.report.tables.line import ResultRow
from g2tr.report.tables.section import ModelResults

RIGHT = {0.0: False, 1.0: True}
TICK = {0.0: "✗", 1.0: "✓"}


@dataclass(frozen=True, eq=False)
class GridColumn:
    """A reducer on one benchmark: its run with the smallest seed, and the grade that is shown."""

    title: str
    folder: RunFolder
    records: Mapping[str, Record]
    score: str

    def kept(self, sample: Sample) -> GridCell:
        """The input with dropped tokens greyed, and the answer below it."""
        record = self.records[sample.id]
        said = "" if record.prediction is None or not isinstance(sample.target, str) else record.prediction
        return self.judged(overlay(opened(sample), record.kept[0]), said, record)

    def merged(self, sample: Sample) -> GridCell:
        """The input, tokens of one home in their mean colour."""
        view = self.records[sample.id].kept[0]
        return GridCell(merged(opened(sample), view), f"{sum(kept_mask(view)[1])} tokens")

    def edited(self, sample: Sample) -> GridCell:
        """The edited image."""
        record = self.records[sample.id]
        return self.judged(self.folder.load_image(str(record.prediction)), "", record)

    def judged(self, image: Image.Image, said: str, record: Record) -> GridCell:
        """An image with what was said, and a tick, a cross or the grade."""
        said, grade = shorten(said, 20, placeholder="…"), record.score.get(self.score)
        if grade is None:
            return GridCell(image, said)
        return GridCell(image, f"{said} {TICK.get(grade, f'{self.score} {grade:.2f}')}".strip(), RIGHT.get(grade))


def sheets(
    section: ModelResults, benchmark: str, source: Benchmark, count: int, assignment: bool = False
) -> Iterator[tuple[str, ImageGrid]]:
    """The kept tokens of a benchmark, where they merged, and its edits, under their names; none without a reducer."""
    lines = [line for line in shown_lines(section) if line.first_run(benchmark)]
    columns = [column for line in lines if (column := column_of(line, benchmark, section.headlines[benchmark][0]))]
    samples = chosen(source.samples(), columns, count)
    if not samples or all(line.is_reference for line in lines):
        return
    prompts, titles = [sample.prompt for sample in samples], [column.title for column in columns]
    lead = int(lines[0].is_reference)
    yield "kept", ImageGrid(titles, prompts, [[column.kept(sample) for column in columns] for sample in samples], lead)
    if assignment:
        rows = [[column.merged(sample) for column in columns] for sample in samples]
        yield "homes", ImageGrid(titles, prompts, rows, lead)
    if source.task == "edit":
        rows = [[*given(sample), *(column.edited(sample) for column in columns)] for sample in samples]
        yield "edits", ImageGrid(["input", "target", *titles], prompts, rows, lead + 2)


def shown_lines(section: ModelResults) -> list[ResultRow]:
    """The unreduced model, and every reducer at the keep ratio that most share, or at its nearest one."""
    reducers = [lines for lines in section.series.values() if not lines[0].is_reference]
    keeps = [line.keep for lines in reducers for line in lines]
    common = max(keeps, key=lambda keep: (keeps.count(keep), keep), default=1.0)
    nearest = [min(lines, key=lambda line: abs(line.keep - common)) for lines in reducers]
    return [*([section.reference] if section.reference else []), *nearest]


def column_of(line: ResultRow, benchmark: str, score: str) -> GridColumn | None:
    """A line as a column, if it was run on the benchmark."""
    run = line.first_run(benchmark)
    if run is None:
        return None
    records = read_records(run.folder.path / "predictions.jsonl")
    known = {record.id: record for record in records if record.benchmark == benchmark and record.kept}
    return GridColumn(line.label if line.is_reference else f"{line.label} {line.keep:g}", run.folder, known, score)


def chosen(samples: Sequence[Sample], columns: Sequence[GridColumn], count: int) -> list[Sample]:
    """The first sample of each category with an image that is not shown yet, among those that every column has."""
    found: list[Sample] = []
    seen: set[str] = set()
    for sample in samples:
        names = {f"category {sample.category}", sample.group}
        if len(found) < count and not names & seen and all(sample.id in column.records for column in columns):
            found.append(sample)
            seen |= names
    return found


def opened(sample: Sample) -> Image.Image:
    """The first image of a sample."""
    return to_rgb(sample.images[0].open())


def given(sample: Sample) -> list[GridCell]:
    """The input of an edit and its target, which is the input where none is known."""
    target = to_rgb(sample.target.open()) if isinstance(sample.target, ImageSource) else opened(sample)
    return [GridCell(opened(sample)), GridCell(target)]
