"""JSON files that state facts about a checkpoint, read into dataclasses with errors that name the culprit."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from g2tr.errors import InputError

Json = Mapping[str, Any]
Section = TypeVar("Section")


def read_json(path: Path) -> Json:
    """A JSON object from a file. Raises `InputError` when it cannot be read or is no JSON object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}") from None
    return inner(content, path)


def inner(content: object, where: Path | str) -> Json:
    """A JSON object, as such. Raises `InputError` for anything else."""
    if not isinstance(content, dict):
        raise InputError(f"{where} must hold a JSON object, got {type(content).__name__}")
    return content


def section(kind: type[Section], content: Json, where: Path | str) -> Section:
    """The keys of a JSON object that the dataclass `kind` names; others are passed over.

    Raises `InputError` for a missing key, a count that is no whole number above 0, and a value that is no number.
    """
    known_fields = fields(cast(Any, kind))
    for known in known_fields:
        if known.name in content:
            check_number(content[known.name], known.type is int, f"{where}: {known.name}")
        elif known.default is MISSING:
            raise InputError(f"{where} lacks {known.name}")
    return kind(**{known.name: content[known.name] for known in known_fields if known.name in content})


def check_number(value: object, whole: bool, where: str) -> None:
    """Raises `InputError` for what is no number, or no count where `whole`."""
    if whole and (type(value) is not int or value < 1):
        raise InputError(f"{where} must be a whole number above 0, got {value!r}")
    if type(value) not in (int, float):
        raise InputError(f"{where} must be a number, got {value!r}")
