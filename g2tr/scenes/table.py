"""Rows of scenes as Parquet files, in the form of the embedded ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from g2tr.errors import InputError
from g2tr.scenes.dataset import Row

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
COLUMNS = {"image": PICTURE, "target": PICTURE, "images": pa.list_(PICTURE)}
FEATURES: Mapping[str, object] = {
    "image": {"_type": "Image"},
    "target": {"_type": "Image"},
    "images": [{"_type": "Image"}],
}
GROUP = 2048
PAGE = 2**30


def schema(row: Row) -> pa.Schema:
    """Columns in the order of a row, with the metadata by which `datasets` knows images."""
    fields = [(name, COLUMNS.get(name, pa.string())) for name in row]
    features = {name: FEATURES.get(name, {"dtype": "string", "_type": "Value"}) for name in row}
    return pa.schema(fields, {"huggingface": json.dumps({"info": {"features": features}})})


def write_parquet(rows: Sequence[Row], path: Path) -> None:
    """Writes rows, an image once for all rows of a row group that show it. Raises `InputError` without rows."""
    if not rows:
        raise InputError(f"nothing to write to {path}: no rows")
    path.parent.mkdir(parents=True, exist_ok=True)
    form = schema(rows[0])
    # A large dictionary page keeps repeated images in the dictionary; the default falls back to copies after 1 MiB.
    with pq.ParquetWriter(path, form, compression="zstd", dictionary_pagesize_limit=PAGE) as file:
        for start in range(0, len(rows), GROUP):
            file.write_table(pa.Table.from_pylist(rows[start : start + GROUP], form))
