"""Where the rows of a published benchmark come from: files on disk, or the Hugging Face hub."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from g2tr.benchmarks.sources.delimited import stream_separated
from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.benchmarks.sources.jsonl import stream_lines
from g2tr.benchmarks.sources.parquet import Row, stream_rows
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.lfs import is_pointer

Columns = Mapping[str, tuple[str, ...]]
HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")
SHARD = re.compile(r"-(\d+)-of-(\d+)$")
SPLITS = ("train", "validation", "val", "dev", "test")
IMAGE = ("image", "image_path")
FOLDERS = (".parquet", ".jsonl", ".tsv", ".csv")
READERS: Mapping[str, Callable[[Path], Iterator[Row]]] = {
    ".parquet": stream_rows,
    ".jsonl": stream_lines,
    ".json": stream_lines,
    ".tsv": stream_separated,
    ".csv": stream_separated,
}


@dataclass(frozen=True)
class Entry:
    """A row under our own column names: its texts, its image, and where it stands, for messages."""

    texts: Mapping[str, str]
    image: ImageSource
    place: str

    def __getitem__(self, name: str) -> str:
        """The text of a column; raises `InputError` where the cell is empty."""
        if name not in self.texts:
            raise InputError(f"{self.place}: the column {name} is empty")
        return self.texts[name]


@dataclass(frozen=True)
class Dataset:
    """A file, a folder, or a hub id; `config` and `split` choose among the files of a folder or hub repository."""

    path: str
    revision: str | None = None
    config: str | None = None
    split: str | None = None

    def place(self) -> Path:
        """The file or folder, fetched first where `path` is a hub id."""
        local = Path(self.path).expanduser()
        if local.exists():
            return local
        if not HUB_ID.fullmatch(self.path):
            raise InputError(f"dataset.path={self.path}: no such file or folder, and no hub id owner/name")
        return download(self)

    def entries(self, place: Path, needed: Columns, optional: Columns) -> Iterator[Entry]:
        """All rows in order. A column is found under any of the names it is published with, whatever their case."""
        for file in self.files(place):
            hub = file.suffix.lower() == ".parquet"
            for number, row in enumerate(rows_of(file), 1):
                yield entry(row, needed, optional, file.parent, f"{file}, row {number}", hub)

    def files(self, place: Path) -> list[Path]:
        """The files of the split. Raises `InputError` where a folder has none of them, or not all parts of it."""
        if place.is_file():
            if place.suffix.lower() not in READERS:
                raise InputError(f"{place}: wanted one of {', '.join(READERS)}, or a folder")
            return [place]
        found = (sorted(path for path in place.rglob(f"*{suffix}") if is_data(path, place)) for suffix in FOLDERS)
        tables = of_config(next((paths for paths in found if paths), []), place, self.config)
        chosen = [path for path in tables if self.split in (None, label(path), path.parent.name)]
        if chosen:
            require_parts(chosen)
            return chosen
        if tables and not any(SHARD.search(path.stem) or path.stem in SPLITS for path in tables):
            return tables
        labels = ", ".join(sorted({label(path) for path in tables})) or "no table"
        raise InputError(f"{place} has no split {self.split!r}; it has {labels}")


def rows_of(file: Path) -> Iterator[Row]:
    """The rows of a table. Raises `InputError` for a Git LFS pointer."""
    if is_pointer(file):
        raise InputError(f"{file} is a Git LFS pointer: fetch it with `git lfs pull`")
    return READERS[file.suffix.lower()](file)


def is_data(path: Path, place: Path) -> bool:
    """Whether a file is no hidden copy, as notebooks and archives leave them."""
    return not any(part.startswith(".") or part == "__MACOSX" for part in path.relative_to(place).parts)


def of_config(tables: list[Path], place: Path, config: str | None) -> list[Path]:
    """The tables in the folder of a configuration; all of them where the data set has no such folders.

    Raises `InputError` where it has others.
    """
    folders = {path: [p for p in path.relative_to(place).parts[:-1] if p not in ("data", *SPLITS)] for path in tables}
    if config is None or not any(folders.values()):
        return tables
    own = [path for path, parts in folders.items() if config in parts]
    if not own and config != "default":
        known = ", ".join(sorted({parts[0] for parts in folders.values() if parts}))
        raise InputError(f"{place} has no configuration {config!r}; it has {known}")
    return own or tables


def require_parts(files: list[Path]) -> None:
    """Raises `InputError` where a numbered part is missing, as in NAME-00001-of-00002.parquet."""
    for file in files:
        if numbered := SHARD.search(file.stem):
            width, count = len(numbered[2]), int(numbered[2])
            stem, names = file.stem[: numbered.start()], {path.name for path in files if path.parent == file.parent}
            wanted = [f"{stem}-{i:0{width}}-of-{numbered[2]}{file.suffix}" for i in range(count)]
            if missing := [name for name in wanted if name not in names]:
                raise InputError(f"{file.parent}: {missing[0]} is missing; the split has {count} parts")


def label(path: Path) -> str:
    """The split that a file's name says it belongs to."""
    return SHARD.sub("", path.stem)


def entry(row: Row, needed: Columns, optional: Columns, folder: Path, place: str, hub: bool = False) -> Entry:
    """A row under our names. Raises `InputError` for a missing column.

    In `hub` files the text "nan" of an optional column means nothing, unless it is the option that is right.
    """
    cells = {name.casefold(): value for name, value in row.items()}

    def find(names: tuple[str, ...]) -> str | None:
        return next((name.casefold() for name in names if name.casefold() in cells), None)

    for names in (*needed.values(), IMAGE):
        if find(names) is None:
            raise InputError(f"{place}: lacks the column {' or '.join(names)}; it has {', '.join(row)}")
    found = {ours: find(names) for ours, names in {**needed, **optional}.items()}
    texts = {
        ours: text_of(cells[theirs], f"{place}: {theirs}")
        for ours, theirs in found.items()
        if theirs and not missing(cells[theirs])
        if not (hub and ours in optional and cells[theirs] == "nan" and cells.get("answer") != ours)
    }
    picture = cells[str(find(IMAGE))]
    return Entry(texts, image_source(picture, folder), place)


def text_of(value: object, place: str) -> str:
    """A cell as text. Raises `InputError` for half a character, which no tokenizer takes."""
    try:
        return str(value).encode().decode()
    except UnicodeEncodeError:
        raise InputError(f"{place} holds a broken character") from None


def missing(value: object) -> bool:
    """Whether a cell is empty: nothing, no text, or not a number."""
    return value is None or value == "" or value != value


def download(dataset: Dataset) -> Path:
    """The local copy of the parquet files of a hub data set, fetched first where it is not there yet."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    split = dataset.split or "*"
    folders = (f"{dataset.config}/",) if dataset.config else ("", "data/", "default/")
    patterns = [f"{folder}{split}{rest}.parquet" for folder in folders for rest in ("-*", "/*")]
    try:
        fetched = snapshot_download(
            dataset.path, repo_type="dataset", revision=dataset.revision, allow_patterns=patterns
        )
    except (HfHubHTTPError, OSError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"dataset.path={dataset.path}: not on disk, and the hub did not give it: {reason}") from None
    return Path(fetched)
