from pathlib import Path

import pytest

from g2tr.benchmarks.sources.jsonl import stream_lines
from g2tr.errors import InputError


def test_every_line_that_is_not_blank_is_a_row(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    assert list(stream_lines(tmp_path / "x.jsonl")) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("line", ["[1]", "{", "null", "[" * 100_000])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "x.jsonl").write_text(f'{{"a": 1}}\n{line}\n')
    with pytest.raises(InputError, match=r"x.jsonl, line 2"):
        list(stream_lines(tmp_path / "x.jsonl"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no readable JSONL"):
        list(stream_lines(tmp_path / "x.jsonl"))


def test_a_line_ends_at_a_line_feed_alone(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes('{"a":\r"b\u2028c"}\r\n{"a": 2}'.encode())
    assert list(stream_lines(tmp_path / "x.jsonl")) == [{"a": "b\u2028c"}, {"a": 2}]
