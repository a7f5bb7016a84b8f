"""Predictions that a run, or another program, has left, and the samples that they were made for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.jsonl import parse
from g2tr.benchmarks.sources.parquet import Row
from g2tr.config import read_settings
from g2tr.errors import InputError
from g2tr.evaluation.record import Record, read_records
from g2tr.evaluation.run_folder import RunFolder, run_folders

Settings = Mapping[str, Any]
MERGED = "predictions.jsonl"
PART = "predictions.*.jsonl"
NEEDED = ("id", "benchmark", "category", "prompt", "prediction", "target", "seed")
KINDS: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "benchmark", "category", "prompt", "cluster", "read"), (str,)),
    **dict.fromkeys(("prediction", "target", "error"), (str, type(None))),
    **dict.fromkeys(("facts", "score", "visual_tokens", "cost", "seconds"), (dict,)),
    "seed": (int,),
    "kept": (list,),
}


@dataclass(frozen=True)
class SavedPredictions:
    """Predictions and the settings of their benchmarks; `whole` where they are all of a run's own."""

    folder: RunFolder
    label: str
    records: Sequence[Record]
    benchmarks: Settings
    whole: bool


def find_predictions(path: Path, external_benchmarks: Settings) -> Iterator[SavedPredictions]:
    """The predictions in a file, in a run folder, or in all run folders below a folder.

    `external_benchmarks` are the benchmarks of predictions that have no config.yaml, or that are to be read as others'
    are. Raises `InputError` where there is nothing to score.
    """
    if path.is_file():
        yield saved(path.parent, [path], path.name, external_benchmarks)
        return
    folders = list(run_folders(path))
    if not folders:
        raise InputError(f"no predictions in {path}")
    for folder in folders:
        complete = (folder / "metrics.json").is_file() and (folder / MERGED).is_file()
        files = [folder / MERGED] if complete else sorted(folder.glob("predictions*.jsonl"))
        yield saved(folder, files, folder.name, external_benchmarks)


def saved(folder: Path, files: Sequence[Path], label: str, external_benchmarks: Settings) -> SavedPredictions:
    """The predictions in these files of a folder; those in a later file replace those in an earlier one."""
    benchmarks = external_benchmarks or settings_of(folder)
    defaults = (
        {"benchmark": next(iter(external_benchmarks)), "category": "", "prompt": "", "seed": 0}
        if external_benchmarks
        else {}
    )
    records = {record.key: record for file in files for record in predictions(file, benchmarks, defaults)}
    whole = not external_benchmarks and [file.name for file in files] == [MERGED]
    return SavedPredictions(RunFolder(folder), label, list(records.values()), benchmarks, whole)


def settings_of(folder: Path) -> Settings:
    """The benchmarks of a run, from its configuration."""
    benchmarks = (read_settings(folder / "config.yaml") or {}).get("benchmark")
    if isinstance(benchmarks, dict):
        return benchmarks
    raise InputError(f"{folder} has no config.yaml that names benchmarks; for foreign predictions say benchmark=NAME")


def predictions(path: Path, benchmarks: Settings, defaults: Settings) -> Iterator[Record]:
    """All predictions; with `defaults`, a line may lack those fields, and have others that are passed over.

    A process that was killed may have cut off a line of its own file, which is passed over as well.
    """
    if fnmatch(path.name, PART):
        yield from (record for record in read_records(path) if record.benchmark in benchmarks)
        return
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            place = f"{path}, line {number}"
            yield prediction({**defaults, **parse(line, place)}, place, benchmarks, strict=not defaults)


def prediction(row: Row, place: str, benchmarks: Settings, strict: bool) -> Record:
    """A row as a record. Raises `InputError` where it is none, or of another benchmark."""
    for name, kinds in KINDS.items():
        if name in NEEDED and name not in row:
            raise InputError(f"{place} is no prediction: it lacks {name}")
        if name in row and not isinstance(row[name], kinds):
            raise InputError(f"{place} is no prediction: {name} is {row[name]!r}")
    unknown = [name for name in row if name not in KINDS]
    if unknown and strict:
        raise InputError(f"{place} is no prediction: {unknown[0]} is unknown")
    if row["benchmark"] not in benchmarks:
        raise InputError(f"{place} is of benchmark {row['benchmark']!r}; wanted one of {', '.join(benchmarks)}")
    return Record(**{name: value for name, value in row.items() if name in KINDS})


def sample_of(record: Record) -> Sample:
    """The sample that a prediction was made for, without its images."""
    place = (record.id, (), record.prompt, record.target, record.category)
    return Sample(*place, seed=record.seed, facts=record.facts, cluster=record.cluster)
