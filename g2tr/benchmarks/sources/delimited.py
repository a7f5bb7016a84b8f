"""Rows of a TSV or CSV file as text, its images as base64 in the manner of VLMEvalKit."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pyarrow.csv

from g2tr.benchmarks.sources.parquet import Row, readable

LARGEST_ROW = 64 * 2**20
LONGEST_REFERENCE = 64
DELIMITERS = {".tsv": "\t", ".csv": ","}


def stream_separated(path: Path) -> Iterator[Row]:
    """All rows, images as data URIs, which `image_source` decodes. Raises `InputError` for a damaged file."""
    rows = read_texts(path)
    images = {row.get("index", ""): row["image"] for row in rows if row.get("image")}
    for row in rows:
        yield row | ({"image": embedded(row["image"], images)} if row.get("image") else {})


def read_texts(path: Path) -> list[dict[str, str]]:
    """All cells as text; an empty one is an empty text."""
    layout = pyarrow.csv.ParseOptions(delimiter=DELIMITERS[path.suffix.lower()], newlines_in_values=True)
    size = pyarrow.csv.ReadOptions(block_size=LARGEST_ROW)
    with readable(path):
        names = pyarrow.csv.open_csv(path, size, layout).schema.names
        texts = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pyarrow.string()))
        rows: list[dict[str, str]] = pyarrow.csv.read_csv(path, size, layout, texts).to_pylist()
    return rows


def embedded(text: str, images: Row) -> str:
    """An image's base64 as a data URI; a short text is the index of the row that holds it (VLMEvalKit).

    A text with a full stop, which base64 has not, is the name of a file, or a list of such.
    """
    if "." in text:
        return text
    if len(text) <= LONGEST_REFERENCE:
        text = images.get(text, text)
    return text if text.startswith("data:") else f"data:;base64,{text}"
