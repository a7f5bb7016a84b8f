import base64
from pathlib import Path

import pytest

from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.errors import InputError

CONTENT = bytes(range(256))
PLAIN = base64.b64encode(CONTENT).decode()


@pytest.mark.parametrize("cell", [CONTENT, {"bytes": CONTENT, "path": None}, bytearray(CONTENT), {"bytes": CONTENT}])
def test_bytes_are_the_picture(cell: object, tmp_path: Path) -> None:
    assert image_source(cell, tmp_path).content == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.rstrip("="),
        PLAIN.translate(str.maketrans("+/", "-_")),
        "\n".join(PLAIN[i : i + 76] for i in range(0, len(PLAIN), 76)),
        f" {PLAIN}\r\n",
    ],
)
def test_base64_is_read_as_people_write_it(text: str, tmp_path: Path) -> None:
    for uri in (f"data:;base64,{text}", f"data:image/png;base64,{text}"):
        assert image_source(uri, tmp_path).content == CONTENT


@pytest.mark.parametrize("name", ["sub/a.png", "./sub/a.png", "file://sub/a.png", "x/../sub/a.png"])
def test_a_name_is_a_file_of_the_data_set(name: str, tmp_path: Path) -> None:
    assert image_source(name, tmp_path).content == tmp_path / "sub/a.png"
    assert image_source(str(tmp_path.resolve() / "sub/a.png"), tmp_path).content == tmp_path.resolve() / "sub/a.png"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "sub/../../x.png", "file:///etc/passwd"])
def test_a_text_cannot_leave_the_folder_but_a_link_can(path: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leaves the folder"):
        image_source({"bytes": None, "path": path}, tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "elsewhere.png").write_bytes(b"x")
    (tmp_path / "data/a.png").symlink_to(tmp_path / "elsewhere.png")
    assert image_source("a.png", tmp_path / "data").content == tmp_path / "data/a.png"


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("http://host/x.png", "host is an address: download it first"),
        ("s3://bucket/x.png", "bucket is an address"),
        (None, "wanted an image, or the name of one, got NoneType"),
        ({"path": None}, "got NoneType"),
        ({"bytes": "/etc/hostname", "path": None}, "an image's bytes must be bytes, got str"),
        (7, "got int"),
        ("data:;base64,no image!", "neither base64 nor the index"),
        ("?" * 5000, "neither base64"),
    ],
)
def test_what_no_image_can_be_says_so_shortly_when_it_is_opened(cell: object, reason: str, tmp_path: Path) -> None:
    source = image_source(cell, tmp_path)
    with pytest.raises(InputError, match=reason) as error:
        source.open()
    assert len(str(error.value)) < 200
