from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from g2tr.benchmarks.parquet import image_source, read_rows
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


def test_images_come_from_bytes_or_from_the_folder_of_the_data(tmp_path: Path) -> None:
    assert image_source({"bytes": b"x", "path": None}, tmp_path).content == b"x"
    assert image_source({"bytes": None, "path": "sub/a.png"}, tmp_path).content == (tmp_path / "sub/a.png").resolve()


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "sub/../../x.png"])
def test_an_image_path_cannot_leave_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError, match="leaves the folder"):
        image_source({"bytes": None, "path": path}, tmp_path)
