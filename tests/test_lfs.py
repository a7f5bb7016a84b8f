"""A pointer of Git LFS is told from the file that it stands for."""

from pathlib import Path

from g2tr.lfs import is_pointer

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"


def test_bytes_and_files_are_told_apart_by_their_beginning(tmp_path: Path) -> None:
    (tmp_path / "pointer").write_bytes(POINTER)
    (tmp_path / "real").write_bytes(b"\x89PNG" + POINTER)
    assert is_pointer(POINTER) and is_pointer(tmp_path / "pointer")
    assert not is_pointer(b"\x89PNG" + POINTER) and not is_pointer(tmp_path / "real")
    assert not is_pointer(tmp_path / "absent") and not is_pointer(tmp_path)
