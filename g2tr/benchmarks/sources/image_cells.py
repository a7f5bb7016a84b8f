"""What a cell of an image column can be: bytes, {bytes, path}, a file's name, base64, or nothing that is an image."""

import base64
import binascii
import os.path
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from g2tr.errors import InputError
from g2tr.images import ImageSource

ADDRESS = re.compile(r"(https?|ftp|s3|gs|hf)://", re.IGNORECASE)
DATA_URI = re.compile(r"data:[^,]{0,100};base64,", re.IGNORECASE)
LONGEST_PATH = 1024
SHOWN = 80


def image_source(cell: object, folder: Path) -> ImageSource:
    """The image of a cell; what no image can be is a source that says so when it is opened.

    So one bad cell is the failure of its sample. A *text* that climbs out of the data set's folder ends the run with
    an `InputError`, since it comes with the data; a link was put there by whoever owns the disk, and is followed.
    """
    if isinstance(cell, Mapping):
        content = cell.get("bytes")
        if content and not isinstance(content, bytes):
            return bad(f"an image's bytes must be bytes, got {type(content).__name__}")
        return image_source(content or cell.get("path"), folder)
    if isinstance(cell, bytes | bytearray):
        return ImageSource(bytes(cell))
    if not isinstance(cell, str):
        return bad(f"wanted an image, or the name of one, got {type(cell).__name__}")
    if ADDRESS.match(cell):
        return bad(f"images are read from files; {urlsplit(cell).netloc} is an address: download it first")
    if DATA_URI.match(cell) or len(cell) > LONGEST_PATH:
        return decoded(cell)
    return file_source(cell.removeprefix("file://"), folder)


def file_source(name: str, folder: Path) -> ImageSource:
    """A file of the data set. Raises `InputError` for a name that leaves its folder."""
    inside = Path(os.path.normpath(name.replace("\0", "")))
    if inside.is_absolute() and inside.is_relative_to(folder.resolve()):
        return ImageSource(inside)
    if inside.is_absolute() or inside.parts[:1] == ("..",):
        raise InputError(f"image path {name[:SHOWN]!r} leaves the folder of the data set")
    return ImageSource(folder / inside)


def decoded(text: str) -> ImageSource:
    """Base64 as people write it: with line breaks, as a data URI, in the URL-safe alphabet, without padding."""
    plain = re.sub(r"\s", "", DATA_URI.sub("", text, count=1)).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return ImageSource(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (binascii.Error, ValueError):
        return bad(f"the image is neither base64 nor the index of a row with an image: {text[:SHOWN]!r}")


def bad(reason: str) -> ImageSource:
    """A source that cannot be opened."""
    return ImageSource(b"", reason)
