"""The one door through which pictures are read: formats, orientation, limits, RGB, and what is said of a bad one."""

import hashlib
import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from g2tr.errors import InputError
from g2tr.lfs import is_pointer

MAX_PIXELS = 64_000_000
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "JPEG2000", "TGA", "ICO", "PCX", "SGI", "DDS")
DAMAGED = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, struct.error),
    *(UnidentifiedImageError, Image.DecompressionBombError),
)
PNG = b"\x89PNG\r\n\x1a\n"
NO_PIXELS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1")


def read_image(content: bytes | Path) -> Image.Image:
    """The decoded image, upright. Raises `InputError` where it cannot be read or is unreasonably large."""
    try:
        data = content if isinstance(content, bytes) else content.read_bytes()
        if is_pointer(data):
            raise InputError("it is a Git LFS pointer, fetch the file with `git lfs pull`")
        Image.init()
        formats = [name for name in FORMATS if name in Image.OPEN]
        with Image.open(io.BytesIO(without_text(data)), formats=formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise InputError(f"image of {image.width}x{image.height} pixels; at most {MAX_PIXELS} are read")
            image.load()
            return upright(image)
    except UnidentifiedImageError:
        raise InputError(f"unreadable image: {unidentified(data)}") from None
    except DAMAGED as error:
        reason = str(error).replace("\n", " ")
        raise InputError(f"unreadable image: {reason}") from None


def unidentified(data: bytes) -> str:
    """What is said of bytes that Pillow takes for no image: the HEIC/HEIF of phones is named, others by their start."""
    if data[4:8] == b"ftyp" and data[8:12] in HEIF:
        return f"it is HEIC/HEIF (brand {data[8:12].decode()}), which is not read; convert it to JPEG or PNG"
    return f"not an image that Pillow reads; begins with {data[:16]!r}"


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF orientation says; as it is where the EXIF block is damaged."""
    try:
        return ImageOps.exif_transpose(image)
    except DAMAGED:
        return image.copy()


def to_rgb(image: Image.Image) -> Image.Image:
    """RGB; transparent pixels are laid over white, and 16-bit values are scaled, not clipped.

    Raises `InputError` for an image without pixels, and for one whose values have no fixed range.
    """
    if 0 in image.size or image.mode in ("I", "F"):
        raise InputError(f"cannot read an image of mode {image.mode} and size {image.size}; convert it to RGB first")
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.array(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return white
    return image.convert("RGB")


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


@dataclass(frozen=True)
class ImageSource:
    """An image that is read when it is needed, from bytes or from a file; `problem` says why there is none."""

    content: bytes | Path
    problem: str = ""

    def open(self) -> Image.Image:
        """The decoded image, upright. Raises `InputError` where it cannot be read or is unreasonably large."""
        if self.problem:
            raise InputError(f"unreadable image: {self.problem}")
        return read_image(self.content)

    @property
    def key(self) -> str:
        """Equal for equal images, so that questions about one image find each other."""
        content = self.content if isinstance(self.content, bytes) else str(self.content).encode()
        content += self.problem.encode()
        return hashlib.sha1(content, usedforsecurity=False).hexdigest()


def to_pixels(image: Image.Image) -> Float[Tensor, "3 h w"]:
    """Pixel values in [-1, 1]."""
    values = torch.from_numpy(np.array(image)).permute(2, 0, 1)
    return (values.float() / 255 - 0.5) / 0.5


def checksum(image: Image.Image) -> int:
    """A number that identifies the pixels of an image, the same on every machine."""
    return zlib.crc32(image.tobytes())
