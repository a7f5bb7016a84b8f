"""Rows of one's own table under our column names: those that data sets commonly use, or those that `columns` names."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase

from g2tr.benchmarks.sources.annotations import annotations
from g2tr.benchmarks.sources.dataset import Columns, Dataset, missing, text_of
from g2tr.benchmarks.sources.image_cells import bad, image_source
from g2tr.benchmarks.sources.parquet import Row
from g2tr.errors import InputError
from g2tr.images import ImageSource

Chosen = Mapping[str, str | Sequence[str] | None]
IMAGES = ("image", "images", "image_path", "img", "picture", "file_name", "file_names", "image_file_name")


@dataclass(frozen=True)
class OwnRow:
    """The cells of a row, the names under which we know them, its folder, and where it stands, for messages.

    In `delimited` files (TSV, CSV) a list is written as text: ["a", "b"]; anywhere, options may be.
    """

    cells: Row
    names: Columns
    folder: Path
    place: str
    delimited: bool = False

    def values(self, name: str) -> list[object]:
        """What the columns of our name hold, lists as their elements."""
        cells = [self.cells.get(theirs) for theirs in self.names.get(name, ())]
        written = self.delimited or name == "options"
        return [value for cell in cells for value in elements(cell, written) if not missing(value)]

    def texts(self, name: str) -> list[str]:
        """The same as texts; of an object, its `answer` or `text`."""
        inner = [
            next((value[key] for key in ("answer", "text") if key in value), None)
            if isinstance(value, Mapping)
            else value
            for value in self.values(name)
        ]
        return [text_of(value, f"{self.place}: {name}").strip() for value in inner if not missing(value)]

    def text(self, name: str) -> str:
        """The only text of a column, empty where there is none."""
        value = next((self.cells.get(theirs) for theirs in self.names.get(name, ())), None)
        return "" if missing(value) else text_of(value, f"{self.place}: {name}").strip()

    def needed(self, name: str) -> str:
        """The same where there must be one. Raises `InputError` for an empty cell."""
        if not (text := self.text(name)):
            raise InputError(f"{self.place}: the {name} is empty")
        return text

    def pictures(self, name: str) -> tuple[ImageSource, ...]:
        """The pictures of a column: a file's name, bytes, {bytes, path}, base64, or a list of such."""
        return tuple(image_source(value, self.folder) for value in self.values(name))

    def images(self) -> tuple[ImageSource, ...]:
        """The pictures that a sample is about; without one, a source that says so when it is opened."""
        return self.pictures("image") or (bad(f"{self.place} has no image"),)

    def words(self) -> dict[str, str]:
        """Every text and number of the row, by the data set's own names."""
        return {name: str(value) for name, value in self.cells.items() if isinstance(value, str | int | float)}


@dataclass(frozen=True)
class OwnTable:
    """A JSONL, JSON, TSV, CSV or parquet file, a folder of such (`metadata.jsonl` of an imagefolder), or a hub id.

    `images` is the folder that file names start from, where it is not the table's own. `columns` maps our names to
    those of the table: {question: prompt}; an empty name leaves a column out, and `images` takes a list of columns.
    """

    dataset: Dataset
    images: str | None = None
    columns: Chosen = field(default_factory=dict)

    def rows(self, needed: Columns, optional: Columns) -> Iterator[OwnRow]:
        """All rows. Raises `InputError` for a column that is not there, and names those that are."""
        found = list(annotations(self.dataset, (), self.images))
        there = dict.fromkeys(name for row in found for name in row.cells)
        known = {**needed, "image": IMAGES, **optional}
        names = self.named(known, there)
        for name in (*needed, "image"):
            if name not in names:
                raise InputError(
                    f"{self.dataset.path}: no column {' or '.join(known[name])}; it has {', '.join(there)}; "
                    f"say which it is by columns.{name}=NAME"
                )
        delimited = (".tsv", ".csv")
        return (OwnRow(r.cells, names, r.folder, r.place, r.file.suffix.lower() in delimited) for r in found)

    def named(self, known: Columns, there: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
        """The columns of the table under our names."""
        chosen = {
            "image" if ours == "images" else ours: names for ours, names in self.columns.items() if names is not None
        }
        if unknown := [name for name in chosen if name not in known]:
            raise InputError(f"columns: nothing is called {unknown[0]!r}; there are {', '.join(known)}")
        if lost := [n for names in chosen.values() for n in listed(names) if n not in there]:
            raise InputError(f"{self.dataset.path}: no column {lost[0]!r}; it has {', '.join(there)}")
        folded = {name.casefold(): name for name in there}
        usual = {ours: [folded[n.casefold()] for n in names if n.casefold() in folded] for ours, names in known.items()}
        named = {ours: tuple(listed(chosen[ours]) if ours in chosen else names[:1]) for ours, names in usual.items()}
        return {ours: names for ours, names in named.items() if names}


def listed(names: str | Sequence[str] | None) -> list[str]:
    """One name, several, or none."""
    return [name for name in ([names] if isinstance(names, str) else names or ()) if name]


def elements(cell: object, written: bool) -> list[object]:
    """The elements of a list, with `written` also of one that is written as text; else the cell itself."""
    if written and isinstance(cell, str) and cell.strip()[:1] + cell.strip()[-1:] == "[]":
        try:
            cell = ast.literal_eval(cell.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return [cell]
    return list(cell) if isinstance(cell, list | tuple) else [cell]


def options_of(row: OwnRow) -> dict[str, str]:
    """The options by letter: a list of texts, {letter: text}, or columns A, B, C …; none where there are none."""
    values = row.values("options")
    if len(values) == 1 and isinstance(values[0], Mapping):
        return {str(key): str(value) for key, value in values[0].items() if not missing(value)}
    if len(values) > len(ascii_uppercase):
        raise InputError(f"{row.place}: {len(values)} options; at most {len(ascii_uppercase)} have a letter")
    if values:
        return dict(zip(ascii_uppercase, map(str, values), strict=False))
    return {letter: str(row.cells[letter]) for letter in ascii_uppercase if not missing(row.cells.get(letter))}
