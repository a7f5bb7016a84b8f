"""Edits of a run in the folders and under the names that a benchmark's own judge scripts expect."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from PIL import Image

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.errors import InputError, OutputError
from g2tr.evaluation.run_folder import RunFolder
from g2tr.images import to_rgb


@runtime_checkable
class Exported(Benchmark, Protocol):
    """A benchmark with an official layout: pure functions of a sample's facts, as paths below the results."""

    def layout(self, facts: Mapping[str, Any]) -> str: ...

    def input_layout(self, facts: Mapping[str, Any]) -> str | None: ...


def export_layout(folder: RunFolder, name: str, benchmark: Exported, out: Path) -> list[Path]:
    """Writes every edit of a benchmark below `out`; returns the files. Inputs are written where the scripts read them.

    Needs the data of the benchmark for inputs alone. Raises `InputError` for a path that would leave `out`.
    """
    edits = [
        record for record in folder.records().values() if record.benchmark == name and record.prediction is not None
    ]
    written = [save(folder.load_image(str(edit.prediction)), out, benchmark.layout(edit.facts)) for edit in edits]
    wanted = {edit.id: place for edit in edits if (place := benchmark.input_layout(edit.facts))}
    if wanted:
        inputs: dict[str, Sample] = {sample.id: sample for sample in benchmark.samples() if sample.id in wanted}
        written += [save(inputs[key].images[0].open(), out, place) for key, place in wanted.items() if key in inputs]
    return written


def save(image: Image.Image, out: Path, place: str) -> Path:
    """Stores an image in the format that its name asks for."""
    file = (out / place).resolve()
    if not file.is_relative_to(out.resolve()):
        raise InputError(f"{place!r} leaves the folder {out}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        to_rgb(image).save(file, quality=95)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot write {file}: {error}") from None
    return file
