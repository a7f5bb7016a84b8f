import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

NEEDED = {"question": ("Question", "text")}
OPTIONAL = {"hint": ("hint",)}


def shard(path: Path, *questions: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"question": text, "hint": None, "image": {"bytes": text.encode(), "path": None}} for text in questions]
    pq.write_table(pa.Table.from_pylist(rows), path)


def questions(dataset: Dataset) -> list[str]:
    return [entry["question"] for entry in dataset.entries(dataset.place(), NEEDED, OPTIONAL)]


def test_shards_of_a_split_are_read_in_order(tmp_path: Path) -> None:
    shard(tmp_path / "data/test-00001-of-00002.parquet", "c")
    shard(tmp_path / "data/test-00000-of-00002.parquet", "a", "b")
    shard(tmp_path / "data/train-00000-of-00001.parquet", "no")
    assert questions(Dataset(str(tmp_path), split="test")) == ["a", "b", "c"]
    with pytest.raises(InputError, match="has no split 'dev'; it has test, train"):
        questions(Dataset(str(tmp_path), split="dev"))


def test_a_configuration_is_a_folder_of_its_own(tmp_path: Path) -> None:
    shard(tmp_path / "en/dev-00000-of-00001.parquet", "hello")
    shard(tmp_path / "cn/dev-00000-of-00001.parquet", "ni hao")
    assert questions(Dataset(str(tmp_path), config="en", split="dev")) == ["hello"]


def test_files_that_name_no_split_are_all_read(tmp_path: Path) -> None:
    shard(tmp_path / "part1.parquet", "a")
    shard(tmp_path / "part2.parquet", "b")
    assert questions(Dataset(str(tmp_path), split="test")) == ["a", "b"]
    shard(tmp_path / "train.parquet", "c")
    with pytest.raises(InputError, match="has no split 'test'"):
        questions(Dataset(str(tmp_path), split="test"))


def test_a_single_file_needs_no_split_and_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    shard(tmp_path / "x/train-00000-of-00001.parquet", "a")
    assert questions(Dataset(str(tmp_path / "x/train-00000-of-00001.parquet"), split="test")) == ["a"]
    (tmp_path / "y").mkdir()
    with pytest.raises(InputError, match="it has no table"):
        questions(Dataset(str(tmp_path / "y"), split="test"))


def test_images_of_jsonl_are_named_from_its_folder_and_cannot_leave_it(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(json.dumps({"TEXT": "why ?", "image": "images/a.png"}))
    dataset = Dataset(str(tmp_path / "x.jsonl"))
    (entry,) = dataset.entries(dataset.place(), NEEDED, OPTIONAL)
    assert (entry["question"], entry.image.content) == ("why ?", (tmp_path / "images/a.png").resolve())
    (tmp_path / "x.jsonl").write_text(json.dumps({"text": "why ?", "image": "../a.png"}))
    with pytest.raises(InputError, match="leaves the folder"):
        questions(dataset)


def test_a_missing_column_and_an_empty_cell_are_named_with_file_and_row(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"text": "a", "image": "a.png"}\n{"q": "b", "image": "b.png"}\n')
    with pytest.raises(InputError, match=r"x.jsonl, row 2: lacks the column Question or text; it has q, image"):
        questions(Dataset(str(tmp_path / "x.jsonl")))
    (tmp_path / "x.jsonl").write_text('{"text": null, "image": "a.png"}\n')
    with pytest.raises(InputError, match=r"x.jsonl, row 1: the column question is empty"):
        questions(Dataset(str(tmp_path / "x.jsonl")))


def test_a_file_of_an_unknown_kind_and_a_path_that_is_nothing_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(b"")
    with pytest.raises(InputError, match="wanted one of .parquet"):
        questions(Dataset(str(tmp_path / "x.pkl")))
    for path in ("/no/where", "nowhere", "../a/b"):
        with pytest.raises(InputError, match="no such file or folder, and no hub id owner/name"):
            Dataset(path).place()


def test_a_hub_data_set_that_is_not_here_is_refused_in_one_line_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"^dataset.path=some/set: not on disk, and the hub did not give it: .+$"):
        Dataset("some/set", split="test").place()


def test_only_parquet_of_the_configuration_and_split_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub

    asked: dict[str, object] = {}

    def snapshot(repo: str, **settings: object) -> str:
        asked.update(settings, repo=repo)
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert Dataset("some/set", "abc", "en", "dev").place() == tmp_path
    patterns = ["en/dev-*.parquet", "en/dev/*.parquet"]
    assert asked == {"repo": "some/set", "repo_type": "dataset", "revision": "abc", "allow_patterns": patterns}
