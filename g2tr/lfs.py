"""Git LFS: what a clone without it leaves in place of a file."""

from pathlib import Path

POINTER = b"version https://git-lfs"


def is_pointer(content: bytes | Path) -> bool:
    """Whether bytes, or a file, are a pointer to what Git LFS stores elsewhere; a file that cannot be read is none."""
    if isinstance(content, bytes):
        return content.startswith(POINTER)
    try:
        with content.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False
