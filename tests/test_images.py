"""Pictures are read upright, whatever their format and metadata, and a bad one is named without an address."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from g2tr.benchmarks.sources.jsonl import stream_lines
from g2tr.errors import InputError
from g2tr.images import ImageSource, read_image, to_rgb

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def picture() -> Image.Image:
    image = Image.new("RGB", (48, 32))
    image.paste((255, 0, 0), (0, 0, 16, 16))
    return image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_read_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = picture().transpose(TURNS[orientation]) if orientation in TURNS else picture()
    data = encoded(stored, kind, exif=exif)
    (tmp_path / "image").write_bytes(data)
    for source in (data, tmp_path / "image"):
        image = ImageSource(source).open().convert("RGB")
        assert image.size == (48, 32)
        assert image.getpixel((4, 4))[0] > 200 and image.getpixel((40, 28))[0] < 50


def test_a_png_with_much_text_is_read() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("prompt", "x" * 3_000_000, zip=True)
    assert ImageSource(encoded(picture(), "PNG", pnginfo=text)).open().tobytes() == picture().tobytes()


@pytest.mark.parametrize("kind", ["AVIF", "TGA", "JPEG2000"])
def test_formats_that_pillow_decodes_are_read(kind: str) -> None:
    assert ImageSource(encoded(picture(), kind)).open().size == (48, 32)


def test_what_is_no_image_is_named_by_its_beginning() -> None:
    with pytest.raises(InputError, match=r"begins with b'<html>404") as caught:
        ImageSource(b"<html>404</html>").open()
    assert " at 0x" not in str(caught.value)


def test_a_git_lfs_pointer_is_called_one() -> None:
    with pytest.raises(InputError, match="git lfs pull"):
        ImageSource(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n").open()


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_a_picture_of_a_phone_is_named_by_its_format(brand: bytes) -> None:
    data = b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0mif1heic" + bytes(64)
    with pytest.raises(InputError, match=rf"it is HEIC/HEIF \(brand {brand.decode()}\), .* convert it to JPEG or PNG"):
        read_image(data)


def test_sixteen_bits_are_scaled_and_transparency_lies_on_white() -> None:
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    deep = read_image(encoded(Image.fromarray(257 * values), "PNG"))
    assert np.array_equal(np.array(to_rgb(deep))[..., 0], values)
    clear = Image.new("RGBA", (2, 1), (30, 30, 30, 255))
    clear.putpixel((0, 0), (30, 30, 30, 0))
    assert np.array(to_rgb(read_image(encoded(clear, "PNG")))).tolist() == [[[255] * 3, [30] * 3]]


@pytest.mark.parametrize("kind, expected", [(Image.new("I", (2, 2)), "mode I"), (Image.new("F", (2, 2)), "mode F")])
def test_values_without_a_range_are_refused(kind: Image.Image, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        to_rgb(kind)


def test_a_byte_order_mark_is_no_part_of_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'\xef\xbb\xbf{"a": 1}\n')
    assert list(stream_lines(tmp_path / "a.jsonl")) == [{"a": 1}]
