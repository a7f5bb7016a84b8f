from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from g2tr.benchmarks.parquet import image_source, read_rows, stream_rows
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


def test_rows_are_streamed_and_a_damaged_file_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": list(range(200))}), tmp_path / "t.parquet", row_group_size=50)
    assert [row["a"] for row in stream_rows(tmp_path / "t.parquet")] == list(range(200))
    (tmp_path / "t.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InputError, match="no readable parquet file"):
        list(stream_rows(tmp_path / "t.parquet"))


def test_a_link_into_the_blobs_of_the_hub_cache_is_followed_and_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots" / "abc"
    for place in (folder, tmp_path / "blobs", tmp_path / "else"):
        place.mkdir(parents=True)
        (place / "x").write_bytes(b"")
    (folder / "a.png").symlink_to("../../blobs/x")
    (folder / "b.png").symlink_to("../../else/x")
    assert image_source({"path": "a.png"}, folder).content == folder / "a.png"
    with pytest.raises(InputError, match="leaves the folder"):
        image_source({"path": "b.png"}, folder)


def test_a_cell_without_a_value_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, None], "b": [None, None]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="the column a has 1 cells without a value"):
        read_rows(tmp_path / "t.parquet", ("a",))


@pytest.mark.parametrize("content", ["/etc/hostname", [1, 2], {"a": 1}, 7])
def test_bytes_that_are_no_bytes_are_refused(content: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="an image's bytes must be bytes"):
        image_source({"bytes": content, "path": None}, tmp_path)
