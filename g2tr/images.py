"""The one door through which pictures are read: formats, orientation, limits and what is said of a bad one."""

import io
import struct
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from g2tr.errors import InputError

MAX_PIXELS = 64_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO", "PCX", "SGI", "DDS")
DAMAGED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error),
    *(UnidentifiedImageError, Image.DecompressionBombError),
)
PNG = b"\x89PNG\r\n\x1a\n"
NO_PIXELS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
POINTER = b"version https://git-lfs"


def read_image(content: bytes | Path) -> Image.Image:
    """The decoded image, upright. Raises `InputError` where it cannot be read or is unreasonably large."""
    try:
        data = content if isinstance(content, bytes) else content.read_bytes()
        if data.startswith(POINTER):
            raise InputError("it is a Git LFS pointer, fetch the file with `git lfs pull`")
        Image.init()
        formats = [name for name in FORMATS if name in Image.OPEN]
        with Image.open(io.BytesIO(without_text(data)), formats=formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(f"image of {image.width}x{image.height} pixels; at most {MAX_PIXELS} are read")
            image.load()
            return upright(image)
    except UnidentifiedImageError:
        raise InputError(f"unreadable image: not an image that Pillow reads; begins with {data[:16]!r}") from None
    except DAMAGED as error:
        reason = str(error).replace("\n", " ")
        raise InputError(f"unreadable image: {reason}") from None


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says; as it is where the EXIF block is damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGED:
        return image.copy()


def without_text(data: bytes) -> bytes:
    """A PNG without texts and colour profile, whose size Pillow limits; other data unchanged."""
    if not data.startswith(PNG):
        return data
    kept, start = [PNG], len(PNG)
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + size
        if kind not in NO_PIXELS:
            kept.append(data[start:end])
        start = end
    return b"".join(kept)
