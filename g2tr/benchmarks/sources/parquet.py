"""Rows of a local parquet file."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

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


def read_rows(path: Path, columns: tuple[str, ...], limit: int | None = None) -> list[Row]:
    """All rows, or the first of them.

    Raises `InputError` for a missing or damaged file, a missing column, or an empty cell.
    """
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
    rows: list[Row] = table.slice(0, limit).to_pylist()
    return rows


def stream_rows(path: Path) -> Iterator[Row]:
    """All rows, a few at a time. Raises `InputError` for a damaged file."""
    with readable(path), pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from batch.to_pylist()
