from pathlib import Path

import pyarrow.parquet as pq
import pytest

from g2tr.assets import ASSETS
from g2tr.errors import InputError
from g2tr.scenes.dataset import generate
from g2tr.scenes.table import write_parquet


@pytest.mark.parametrize("task", ["understanding", "editing"])
def test_the_first_world_is_written_in_the_form_of_the_embedded_files(task: str, tmp_path: Path) -> None:
    rows = generate("v1", 9, 3, task)
    write_parquet(rows, tmp_path / "folder" / "rows.parquet")
    written = pq.ParquetFile(tmp_path / "folder" / "rows.parquet")
    shipped = pq.ParquetFile(ASSETS / "scenes" / f"{task}.parquet")
    assert written.schema_arrow.equals(shipped.schema_arrow, check_metadata=True)
    assert written.metadata.row_group(0).column(1).compression == "ZSTD"
    assert written.read().to_pylist() == rows


def test_an_image_is_stored_once_for_all_its_rows(tmp_path: Path) -> None:
    rows = generate("v2", 9, 2)
    write_parquet(rows, tmp_path / "rows.parquet")
    images = {image["path"]: len(image["bytes"]) for row in rows for image in row["images"]}
    assert (tmp_path / "rows.parquet").stat().st_size < 1.1 * sum(images.values()) + 20_000
    assert pq.read_table(tmp_path / "rows.parquet").to_pylist() == rows


def test_nothing_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no rows"):
        write_parquet([], tmp_path / "rows.parquet")
