"""Rows of a JSONL file, whose images are files named relative to its folder."""

import json
from collections.abc import Iterator
from pathlib import Path

from g2tr.benchmarks.sources.parquet import Row
from g2tr.errors import InputError


def stream_lines(path: Path) -> Iterator[Row]:
    """One row per line that is not blank. Raises `InputError` for a line that is no JSON object."""
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield parse(line, f"{path}, line {number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no readable JSONL file: {error}") from None


def parse(line: str, place: str) -> Row:
    """The object in a line."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{place} is no JSON: {error}") from None
    if not isinstance(row, dict):
        raise InputError(f"{place}: wanted a JSON object, got {type(row).__name__}")
    return row
