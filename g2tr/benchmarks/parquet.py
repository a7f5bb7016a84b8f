"""Rows of a local parquet file, with images in the form that Hugging Face datasets store them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from g2tr.benchmarks.sample import ImageSource
from g2tr.errors import InputError

Row = Mapping[str, Any]


def read_rows(path: Path, columns: tuple[str, ...]) -> list[Row]:
    """All rows. Raises `InputError` for a missing or damaged file, or a missing column."""
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(f"{path} is no readable parquet file: {str(error).splitlines()[0]}") from None
    missing = [column for column in columns if column not in table.column_names]
    if missing:
        raise InputError(f"{path} lacks the column {missing[0]}; it has {', '.join(table.column_names)}")
    rows: list[Row] = table.select(list(columns)).to_pylist()
    return rows


def image_source(cell: Row, folder: Path) -> ImageSource:
    """An image column's cell, {bytes, path}: the bytes, or a file that lies within the data set's folder."""
    if cell.get("bytes"):
        return ImageSource(cell["bytes"])
    path = (folder / str(cell.get("path"))).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InputError(f"image path {cell.get('path')!r} leaves the folder of the data set")
    return ImageSource(path)
