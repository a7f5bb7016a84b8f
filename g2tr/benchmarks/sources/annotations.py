"""Annotated edits in whichever form they are published: parquet, JSONL, or one JSON document beside its images."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2tr.benchmarks.sources.dataset import Dataset, rows_of
from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.benchmarks.sources.parquet import Row
from g2tr.errors import InputError
from g2tr.images import ImageSource

NOTHING = ("", "none", "nan", "false")


@dataclass(frozen=True)
class Annotation:
    """One annotated edit: its cells, the folder its images lie in, its file, and where it stands, for messages."""

    cells: Row
    folder: Path
    file: Path
    place: str

    def text(self, *names: str) -> str:
        """The first of these cells that says something. Raises `InputError` where none does."""
        found = next((text for name in names if (text := self.optional(name))), None)
        if found is None:
            raise InputError(f"{self.place}: {' or '.join(names)} is missing; it has {', '.join(self.cells)}")
        return found

    def optional(self, name: str) -> str:
        """The text of a cell, empty where there is none."""
        value = self.cells.get(name)
        if self.is_nothing(name):
            return ""
        if not isinstance(value, str | int):
            raise InputError(f"{self.place}: {name} must be a text, got {type(value).__name__}")
        if any("\ud800" <= letter <= "\udfff" for letter in str(value)):
            raise InputError(f"{self.place}: {name} holds half of a character")
        return str(value).strip()

    def flag(self, name: str) -> bool:
        """Whether a cell is set to anything but false."""
        return not self.is_nothing(name)

    def is_nothing(self, name: str) -> bool:
        """Whether a cell is missing, empty, false, or not a number (as pandas writes what is missing)."""
        value = self.cells.get(name)
        return not isinstance(value, Mapping | list | bytes) and str(value).strip().lower() in NOTHING

    def images(self, *names: str) -> tuple[ImageSource, ...]:
        """The pictures of the first of these cells that has any: a name, {bytes, path}, or a list of such."""
        value = next((self.cells[name] for name in names if not self.is_nothing(name)), None)
        cells = value if isinstance(value, list) else [] if value is None else [value]
        return tuple(self.picture(cell) for cell in cells)

    def image(self, *names: str) -> tuple[ImageSource, ...]:
        """The same where there must be at least one. Raises `InputError` where there is none."""
        found = self.images(*names)
        if not found:
            raise InputError(f"{self.place}: {' or '.join(names)} is missing; it has {', '.join(self.cells)}")
        return found

    def picture(self, cell: object) -> ImageSource:
        """One picture; a file must lie within the folder of the images."""
        if isinstance(cell, str):
            cell = {"path": cell}
        is_sound = isinstance(cell, Mapping) and isinstance(cell.get("bytes"), bytes | None)
        if not isinstance(cell, Mapping) or not is_sound or not str(cell.get("path")).isprintable():
            raise InputError(f"{self.place}: wanted an image, or the name of one, got {type(cell).__name__}")
        return image_source(cell, self.folder)


def annotations(dataset: Dataset, names: Sequence[str], images: str | None) -> Iterator[Annotation]:
    """All annotations: of the files that `names` (patterns) find in a folder, else of its tables.

    Images lie in the folder `images`, else beside their file.
    """
    place = dataset.place()
    documents = [] if place.is_file() else [file for name in names for file in sorted(place.glob(name))]
    for file in documents or dataset.files(place):
        folder = Path(images).expanduser() if images else file.parent
        rows = document(file) if file.suffix.lower() == ".json" else rows_of(file)
        for number, row in enumerate(rows, 1):
            yield Annotation(row, folder, file, f"{file}, entry {number}")


def document(file: Path) -> Iterator[Row]:
    """The objects of a JSON list, or those of a JSON object with their keys as `key`."""
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} is no readable JSON file: {str(error).splitlines()[0]}") from None
    rows = (
        [{"key": key, **row} for key, row in content.items() if isinstance(row, dict)]
        if isinstance(content, dict)
        else content
    )
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InputError(f"{file}: wanted a list of objects, or an object of objects")
    yield from rows
