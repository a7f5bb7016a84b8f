"""JSON files that state facts about a checkpoint, read into dataclasses with errors that name the culprit."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from math import inf, isfinite
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
    except RecursionError:
        raise InputError(f"{path} is nested too deeply") from None
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
    stated = {known.name: content[known.name] for known in known_fields if known.name in content}
    floats = {
        known.name: float(stated[known.name]) for known in known_fields if known.type is float and known.name in stated
    }
    return kind(**{**stated, **floats})


def check_number(value: object, whole: bool, where: str) -> None:
    """Raises `InputError` for what is no number, or no count where `whole`."""
    if whole and (type(value) is not int or value < 1):
        raise InputError(f"{where} must be a whole number above 0, got {value!r}")
    if type(value) not in (int, float):
        raise InputError(f"{where} must be a number, got {value!r}")


def check_numbers(value: object, where: str, positive: bool = False) -> tuple[float, ...]:
    """A list of numbers. Raises `InputError` for anything else, and, where `positive`, for one that is not above 0."""
    if not isinstance(value, list | tuple) or any(type(x) not in (int, float) or not isfinite(x) for x in value):
        raise InputError(f"{where} must be a list of numbers, got {value!r}")
    if positive and min(value, default=1.0) <= 0:
        raise InputError(f"{where} must be above 0, got {value!r}")
    return tuple(float(x) for x in value)


def check_positive(value: object, where: str) -> None:
    """Raises `InputError` for what is no number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < inf:
        raise InputError(f"{where} must be a number above 0, got {value!r}")
