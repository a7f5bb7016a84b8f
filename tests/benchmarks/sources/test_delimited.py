import base64
from pathlib import Path

import pytest

from g2tr.benchmarks.sources.delimited import stream_separated
from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.errors import InputError

PICTURE = base64.b64encode(bytes(range(100))).decode()


def test_cells_are_texts_with_quotes_and_line_breaks_and_images_are_decoded(tmp_path: Path) -> None:
    (tmp_path / "x.tsv").write_text(f'index\tquestion\timage\n07\t"say ""a""\nor b"\t{PICTURE}\n8\tnan\t07\n')
    assert list(stream_separated(tmp_path / "x.tsv")) == [
        {"index": "07", "question": 'say "a"\nor b', "image": f"data:;base64,{PICTURE}"},
        {"index": "8", "question": "nan", "image": f"data:;base64,{PICTURE}"},
    ]


def test_a_row_may_be_larger_than_the_blocks_that_csv_readers_take(tmp_path: Path) -> None:
    large = base64.b64encode(bytes(3 * 2**20)).decode()
    (tmp_path / "x.tsv").write_text(f"index\timage\n0\t{large}\n")
    cell = next(stream_separated(tmp_path / "x.tsv"))["image"]
    assert image_source(cell, tmp_path).content == bytes(3 * 2**20)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    for content in (b"", b"a,b\n1\n", b"\xff,b\n1,2\n", b"a,b\n1,\xff\n"):
        (tmp_path / "y.csv").write_bytes(content)
        with pytest.raises(InputError, match="no readable csv file"):
            list(stream_separated(tmp_path / "y.csv"))
