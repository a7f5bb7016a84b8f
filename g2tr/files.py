"""Files that a kill leaves whole: atomic writes, JSON, and names that every file system takes."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from g2tr.errors import OutputError


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file so that a kill leaves the old one or the new one, never a part."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replaces a file by indented JSON, atomically."""
    write_atomically(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def atomic_write(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes the place of another once all that was written is on disk."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    with reporting_os_errors(path):
        with part.open("wb") as file:
            yield file
            flush(file)
        os.replace(part, path)  # noqa: PTH105 - the rename must be atomic on every platform


def flush(file: IO[Any]) -> None:
    """Waits until what was written is on disk."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def reporting_os_errors(path: Path) -> Iterator[None]:
    """Turns a failure to write into one line that says what is safe."""
    try:
        yield
    except OSError as error:
        kept = any(path.parent.glob("predictions*.jsonl")) if path.parent.is_dir() else False
        rest = "; what was predicted before is kept, and the same command goes on from there" if kept else ""
        raise OutputError(f"cannot write {path}: {error.strerror}{rest}") from None


def ends_whole(path: Path) -> bool:
    """Whether the last line of a file was written to its end."""
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def plain_name(name: str) -> str:
    """A name as a file may have it; one that has to change is told from others by a checksum."""
    plain = re.sub(r"[^\w.-]", "_", name)[:100]
    checksum = hashlib.sha1(name.encode(errors="replace"), usedforsecurity=False).hexdigest()[:8]
    return plain if plain == name else f"{plain}-{checksum}"
