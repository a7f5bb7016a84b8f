"""Rows of a TSV or CSV file as text, its images as base64 in the manner of VLMEvalKit."""

import base64
import binascii
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.csv

from g2tr.benchmarks.parquet import Row, readable
from g2tr.errors import InputError

LARGEST_ROW = 64 * 2**20
LONGEST_REFERENCE = 64
DELIMITERS = {".tsv": "\t", ".csv": ","}


def stream_separated(path: Path) -> Iterator[Row]:
    """All rows, their base64 images decoded. Raises `InputError` for a damaged file or image."""
    rows = read_texts(path)
    images = {row.get("index", ""): row["image"] for row in rows if row.get("image")}
    for number, row in enumerate(rows, 1):
        yield row | ({"image": decoded(row["image"], images, f"{path}, row {number}")} if row.get("image") else {})


def read_texts(path: Path) -> list[dict[str, str]]:
    """All cells as text; an empty one is an empty text."""
    layout = pyarrow.csv.ParseOptions(delimiter=DELIMITERS[path.suffix.lower()], newlines_in_values=True)
    size = pyarrow.csv.ReadOptions(block_size=LARGEST_ROW)
    with readable(path):
        names = pyarrow.csv.open_csv(path, size, layout).schema.names
        texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()))
        rows: list[dict[str, str]] = pyarrow.csv.read_csv(path, size, layout, texts).to_pylist()
    return rows


def decoded(text: str, images: Row, place: str) -> Row:
    """The bytes of an image; a short text is the index of the row that holds the image (VLMEvalKit)."""
    if len(text) <= LONGEST_REFERENCE:
        text = images.get(text, text)
    try:
        return {"bytes": base64.b64decode(text, validate=True)}
    except (binascii.Error, ValueError):
        raise InputError(f"{place}: the image is neither base64 nor the index of a row with an image") from None
