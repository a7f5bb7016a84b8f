import json
from pathlib import Path
from typing import Any

import pytest

from g2tr.benchmarks.sources.annotations import Annotation, annotations
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError


def annotation(folder: Path, **cells: Any) -> Annotation:
    return Annotation(cells, folder, folder / "file.json", "file.json, entry 1")


def test_a_json_list_an_object_of_objects_and_jsonl_are_read(tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text('[{"a": 1}, {"a": 2}]')
    (tmp_path / "keyed.json").write_text('{"x": {"a": 1}, "y": {"a": 2}}')
    (tmp_path / "lines.jsonl").write_text('{"a": 1}\n\n{"a": 2}\n')
    for name, key in (("list.json", ""), ("keyed.json", "x"), ("lines.jsonl", "")):
        first, second = annotations(Dataset(str(tmp_path / name)), (), None)
        assert (first.text("a"), second.text("a"), first.optional("key")) == ("1", "2", key)


def test_a_folder_has_the_files_that_the_benchmark_names_else_its_tables(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text('{"a": "table"}\n')
    (tmp_path / "b").mkdir()
    (tmp_path / "b/annotation.json").write_text('[{"a": "named"}]')
    dataset = Dataset(str(tmp_path))
    assert [found.text("a") for found in annotations(dataset, ("*/annotation.json",), None)] == ["named"]
    assert [found.text("a") for found in annotations(Dataset(str(tmp_path / "notes.jsonl")), ("none",), None)] == [
        "table"
    ]


@pytest.mark.parametrize("text", ["", "{", "3", "[]", "[1]", '"a"', "[" * 5000, '{"a": 1}'])
def test_a_document_that_is_none_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "d.json").write_text(text)
    with pytest.raises(InputError, match="d.json") as refused:
        list(annotations(Dataset(str(tmp_path / "d.json")), (), None))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("value", [None, "", float("nan"), False, "nan", "False"])
def test_what_pandas_and_hub_write_for_nothing_is_nothing(tmp_path: Path, value: Any) -> None:
    found = annotation(tmp_path, a=value, b=0)
    assert not found.flag("a") and found.optional("a") == "" and found.images("a") == ()
    assert found.flag("b") and found.text("a", "b") == "0"
    with pytest.raises(InputError, match="entry 1: a or c is missing; it has a, b"):
        found.text("a", "c")


def test_a_text_of_another_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a must be a text, got list"):
        annotation(tmp_path, a=["x"]).text("a")


def test_pictures_are_names_bytes_or_lists_of_them(tmp_path: Path) -> None:
    found = annotation(tmp_path, one="a.png", cell={"bytes": b"x", "path": None}, several=["a.png", {"path": "b.png"}])
    assert [source.content for source in found.image("none", "cell")] == [b"x"]
    assert [source.content for source in found.image("several")] == [tmp_path / "a.png", tmp_path / "b.png"]
    with pytest.raises(InputError, match="none is missing"):
        found.image("none")


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../x.png", "a\0b"])
def test_a_picture_cannot_leave_the_folder_of_the_images(tmp_path: Path, name: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "secret.png").write_bytes(b"")
    (tmp_path / "d.json").write_text(json.dumps([{"image": name}]))
    (found,) = annotations(Dataset(str(tmp_path / "d.json")), (), str(tmp_path / "images"))
    with pytest.raises(InputError, match="leaves the folder|wanted an image"):
        found.image("image")


def test_a_link_out_of_the_folder_is_followed_since_its_owner_made_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "else.png").write_bytes(b"x")
    (tmp_path / "images/link.png").symlink_to(tmp_path / "else.png")
    (source,) = annotation(tmp_path / "images", image="link.png").image("image")
    assert source.content == tmp_path / "images/link.png"


@pytest.mark.parametrize("cell", [3, ["a.png", 3], {"path": "a\0b"}, "\ud800.png", {"bytes": "text"}, {"bytes": 5}])
def test_a_cell_that_is_no_picture_is_refused(tmp_path: Path, cell: Any) -> None:
    with pytest.raises(InputError, match="wanted an image"):
        annotation(tmp_path, image=cell).images("image")


def test_half_a_character_is_refused_since_no_file_could_hold_it(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="half of a character"):
        annotation(tmp_path, a="x\ud800").text("a")
