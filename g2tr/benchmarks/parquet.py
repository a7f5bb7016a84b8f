"""Rows of a local parquet file, with images in the form that Hugging Face datasets store them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from g2tr.benchmarks.sample import ImageSource
from g2tr.errors import InputError

Row = Mapping[str, Any]
BATCH = 64


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Raises `InputError` where pyarrow cannot read the file."""
    try:
        yield
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no readable {path.suffix[1:]} file: {str(error).splitlines()[0]}") from None


def read_rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """All rows. Raises `InputError` for a missing or damaged file, a missing column, or an empty cell."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    with readable(path):
        table = pyarrow.parquet.read_table(path)
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}; it has {', '.join(table.column_names)}")
    table = table.select(list(columns))
    if empty := [column for column in columns if table[column].null_count]:
        raise InputError(f"{path}: the column {empty[0]} has {table[empty[0]].null_count} cells without a value")
    rows: list[Row] = table.to_pylist()
    return rows


def stream_rows(path: Path) -> Iterator[Row]:
    """All rows, a few at a time. Raises `InputError` for a damaged file."""
    with readable(path), pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from batch.to_pylist()


def image_source(cell: Row, folder: Path) -> ImageSource:
    """An image column's cell, {bytes, path}: the bytes, or a file that lies within the data set's folder."""
    content = cell.get("bytes")
    if content and not isinstance(content, bytes):
        raise InputError(f"an image's bytes must be bytes, got {type(content).__name__}")
    if content:
        return ImageSource(content)
    path = folder / str(cell.get("path")).replace("\0", "")
    if not any(path.resolve().is_relative_to(root) for root in roots(folder)):
        raise InputError(f"image path {cell.get('path')!r} leaves the folder of the data set")
    return ImageSource(path)


def roots(folder: Path) -> list[Path]:
    """Where files of a data set may lie: its folder and, in the hub's cache, the blobs that its links point to."""
    blobs = [folder.resolve().parents[1] / "blobs"] if folder.resolve().parent.name == "snapshots" else []
    return [folder.resolve(), *blobs]
