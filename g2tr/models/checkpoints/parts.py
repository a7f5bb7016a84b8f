"""Which safetensors files hold a checkpoint's weights, and how they are opened."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from g2tr.errors import InputError
from g2tr.lfs import is_pointer
from g2tr.models.checkpoints.json_config import inner, read_json

INDEX = ".index.json"


def files_of(path: Path) -> list[Path]:
    """The safetensors files behind a path: itself, the shards that `path.index.json` names, or those of a folder.

    A folder with one index means the shards of that index. Raises `InputError` for a shard that is not there.
    """
    index = path.with_name(path.name + INDEX)
    if path.is_file():
        return [path]
    if index.is_file():
        return shards(index)
    indices = sorted(path.glob(f"*.safetensors{INDEX}"))
    return shards(indices[0]) if len(indices) == 1 else sorted(path.glob("*.safetensors"))


def shards(index: Path) -> list[Path]:
    """The files that an index names. Raises `InputError` for one that is missing or lies elsewhere."""
    places = inner(read_json(index).get("weight_map"), f"{index}: weight_map")
    strange = sorted({str(name) for name in places.values() if not isinstance(name, str) or Path(name).name != name})
    if strange:
        raise InputError(f"{index}: weight_map must name files beside it, got {strange[0]!r}")
    names = sorted(set(places.values()))
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing or not names:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        found = f"{len(names) - len(missing)} of {len(names)} files are there"
        raise InputError(f"{index} names {missing[0] if missing else 'no file'}{more}: {found}")
    return [index.parent / name for name in names]


@contextmanager
def opened(path: Path, device: str = "cpu") -> Iterator[Any]:
    """A safetensors file. Raises `InputError` where it is damaged or cannot be read."""
    try:
        file = safe_open(path, framework="pt", device=device)
    except (SafetensorError, OSError) as error:
        if is_pointer(path):
            raise InputError(f"{path} is a Git LFS pointer, not the weights: fetch them with 'git lfs pull'") from None
        raise InputError(f"{path} is damaged or cut off: {error}") from None
    with file:
        yield file
