"""A run folder: predictions as they come, images, metrics, log; whatever is complete is never done again."""

import json
import logging
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf
from PIL import Image

from g2tr.errors import InputError
from g2tr.evaluation.record import Record, read_records, read_seconds, to_line, to_seconds, without_timing
from g2tr.files import atomic_write, ends_whole, flush, plain_name, reporting_os_errors, write_atomically, write_json
from g2tr.images import read_image, to_rgb


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.json"

    def prepare(self, config: Mapping[str, Any] | DictConfig, fresh: bool, parts: str = "*") -> None:
        """Makes the folder and writes its configuration, which holds no interpolation unless it is a DictConfig.

        `fresh` forgets what an earlier run left: its results, and the `parts` of its predictions.
        """
        with reporting_os_errors(self.path):
            (self.path / "images").mkdir(parents=True, exist_ok=True)
        if fresh:
            merged = (self.path / name for name in ("metrics.json", "predictions.jsonl", "seconds.jsonl"))
            for old in [*merged, *self.path.glob(f"predictions.{parts}.jsonl")]:
                old.unlink(missing_ok=True)
        write_atomically(self.path / "config.yaml", OmegaConf.to_yaml(config, resolve=isinstance(config, DictConfig)))

    def metrics(self) -> dict[str, Any] | None:
        """The metrics of a complete run."""
        if not self.metrics_file.is_file():
            return None
        try:
            metrics: dict[str, Any] = json.loads(self.metrics_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            raise InputError(f"{self.metrics_file} is not readable; remove it, and the same command goes on") from None
        if not isinstance(metrics, dict):
            raise InputError(f"{self.metrics_file} is no mapping; remove it, and the same command goes on")
        return metrics

    def records(self) -> dict[tuple[str, str], Record]:
        """Every sample that has been predicted, by any process of this run or an earlier one.

        A prediction takes the place of a failure, wherever they stand.
        """
        parts = [self.path / "predictions.jsonl", *sorted(self.path.glob("predictions.*.jsonl"))]
        times = read_seconds(self.path / "seconds.jsonl")
        found: dict[tuple[str, str], Record] = {}
        for record in (record for part in parts for record in read_records(part)):
            if record.prediction is not None or record.key not in found or found[record.key].prediction is None:
                found[record.key] = record
        return {
            key: record if record.seconds else replace(record, seconds=times.get(key, {}))
            for key, record in found.items()
        }

    def forget(self, keys: Container[tuple[str, str]], parts: str) -> None:
        """Takes samples out of the merged predictions and out of these `parts`; the run is no longer complete."""
        self.metrics_file.unlink(missing_ok=True)
        for file in (self.path / "predictions.jsonl", *self.path.glob(f"predictions.{parts}.jsonl")):
            records = read_records(file)
            left = [record for record in records if record.key not in keys]
            if len(left) < len(records):
                write_atomically(file, "".join(map(to_line, left)))

    def holds(self, record: Record) -> bool:
        """Whether the image of an edit's record is still there."""
        place = record.prediction or ""
        return not place.startswith("images/") or (self.path / place).is_file()

    def append(self, part: str, records: Sequence[Record]) -> None:
        """Adds lines to the file of one process and waits until they are on disk.

        Raises `OutputError` where the disk is full or gone; a line that was cut off costs that line alone.
        """
        place = self.path / f"predictions.{part}.jsonl"
        with reporting_os_errors(place), place.open("a", encoding="utf-8") as file:
            if file.tell() and not ends_whole(place):
                file.write("\n")
            file.writelines(map(to_line, records))
            flush(file)

    def finish(self, records: Sequence[Record], metrics: Mapping[str, Any]) -> None:
        """Writes the merged predictions, their times, and then the metrics, which mark the run as complete."""
        write_atomically(
            self.path / "predictions.jsonl", "".join(to_line(without_timing(record)) for record in records)
        )
        write_atomically(self.path / "seconds.jsonl", "".join(map(to_seconds, records)))
        write_json(self.metrics_file, metrics)
        for part in self.path.glob("predictions.*.jsonl"):
            part.unlink(missing_ok=True)

    @contextmanager
    def locked(self, part: str, wait: bool) -> Iterator[None]:
        """Holds the folder for this process; a second one waits, or raises `InputError`."""
        place = self.path.parent / ".locks" / f"{self.path.name}.{part}"
        with reporting_os_errors(self.path.parent):
            place.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                raise InputError(f"{self.path} is in the hands of another process; wait for it, or stop it") from None
            logging.getLogger(__name__).warning("waiting for another process that works on %s", self.path)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def save_image(self, name: str, image: Image.Image) -> str:
        """Stores an edited image; returns its path within the folder."""
        place = f"images/{plain_name(name)}.png"
        with atomic_write(self.path / place) as file:
            image.save(file, format="PNG")
        return place

    def load_image(self, place: str) -> Image.Image:
        """An image that `save_image` stored. Raises `InputError` where it is gone, or lies elsewhere."""
        return to_rgb(read_image(self.inside(place)))

    def inside(self, place: str) -> Path:
        """A file of this folder. Raises `InputError` for a path, or a link, that leads out of it."""
        file = (self.path / place).resolve()
        if not file.is_relative_to(self.path.resolve()):
            raise InputError(f"{place!r} leaves the run folder {self.path}")
        return file

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Copies what g2tr logs into run.log."""
        handler = logging.FileHandler(self.path / "run.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("g2tr")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            handler.close()


@dataclass(frozen=True)
class Run:
    """A complete run: its folder, its metrics, and which samples were predicted again just now, by their error."""

    folder: RunFolder
    metrics: Mapping[str, Any]
    again: Sequence[str | None] = ()


MARKS = ("metrics.json", "predictions*.jsonl")


def run_folders(path: Path) -> Iterator[Path]:
    """The folder itself, or else those below it, by name."""
    if not path.is_dir():
        raise InputError(f"{path}: no such folder")
    if any(next(path.glob(mark), None) for mark in MARKS):
        yield path
        return
    for below in sorted(path.iterdir()):
        if below.is_dir() and not below.is_symlink():
            yield from run_folders(below)
