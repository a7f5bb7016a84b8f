from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from g2tr.benchmarks.sources.parquet import read_rows, stream_rows
from g2tr.errors import InputError


def test_rows_come_with_the_columns_that_were_asked_for(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"], "c": [0, 0]}), tmp_path / "t.parquet")
    assert read_rows(tmp_path / "t.parquet", ("b", "a")) == [{"b": "x", "a": 1}, {"b": "y", "a": 2}]


def test_a_missing_file_a_missing_column_and_a_damaged_file_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="no such file"):
        read_rows(tmp_path / "no.parquet", ("a",))
    with pytest.raises(InputError, match="lacks the column z; it has a"):
        read_rows(tmp_path / "t.parquet", ("z",))
    with pytest.raises(InputError, match="no readable parquet file"):
        read_rows(tmp_path / "broken.parquet", ("a",))


def test_rows_are_streamed_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(200))}), tmp_path / "t.parquet", row_group_size=50)
    assert [row["a"] for row in stream_rows(tmp_path / "t.parquet")] == list(range(200))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="no readable parquet file"):
        list(stream_rows(tmp_path / "t.parquet"))


def test_a_cell_without_a_value_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, None], "b": [None, None]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="the column a has 1 cells without a value"):
        read_rows(tmp_path / "t.parquet", ("a",))
