"""A judge's answer is data: numbers are read from it, nothing else is done with it."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

FLAT_OBJECT = re.compile(r"\{[^{}]*\}")
NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})?")
LABELLED = re.compile(r"[^:\d]{1,60}:\s*(\d[\d.,\s]*)")


def read_scores(answer: str, names: Sequence[str], low: int, high: int) -> dict[str, float] | None:
    """The scores that an answer gives, each from `low` to `high`; None unless all of them are there.

    Understood are, first to last: a JSON object with the names as keys, one with a list `score` in their order
    (VIEScore), and lines "label: number" or "label: number, number" at the end (ImgEdit, RISEBench). Of several
    the last counts. Markdown marks are ignored.
    """
    for read in (by_name, by_order, by_label):
        found = [values for values in read(answer, names) if all(x is not None and low <= x <= high for x in values)]
        if found:
            return {name: value for name, value in zip(names, found[-1], strict=True) if value is not None}
    return None


def objects(answer: str) -> Iterator[dict[str, Any]]:
    """Every JSON object without inner objects."""
    for text in FLAT_OBJECT.findall(answer):
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            continue


def by_name(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """{"name": 4, "other": 5}"""
    for content in objects(answer):
        yield [number(content.get(name)) for name in names]


def by_order(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """{"score": [4, 5]}"""
    for content in objects(answer):
        scores = content.get("score")
        listed = scores if isinstance(scores, list) else [scores]
        if len(listed) == len(names):
            yield [number(value) for value in listed]


def by_label(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """Name: 4, 5"""
    lines = re.sub(r"[*_`#]", "", answer).splitlines()
    labelled = [found[1] for line in lines if (found := LABELLED.fullmatch(line.strip()))]
    values = [number(value) for text in labelled for value in re.split(r"[,\s]+", text.strip())]
    if len(values) >= len(names):
        yield values[-len(names) :]


def number(value: object) -> float | None:
    """A JSON number, or a text that is nothing but a short number."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000:
        return float(value)
    return None
