"""A judge's answer is data: numbers are read from it, nothing else is done with it."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})?")
NUMBERS = r"\d{1,3}(?:\.\d{1,3})?(?:\s*,\s*\d{1,3}(?:\.\d{1,3})?)*"
LABELLED = re.compile(rf"(?:\d{{1,2}}[.)]\s*)?[^:\d]{{1,60}}:\s*({NUMBERS})[.,]?")
FINAL = re.compile(rf"final\s+scores?\W{{0,8}}?({NUMBERS})", re.IGNORECASE)
OPENING = re.compile(r"\{(?=\s*[\"}])|\[")
DECODER = json.JSONDecoder(strict=False)


def read_scores(answer: str, names: Sequence[str], low: int, high: int) -> dict[str, float] | None:
    """The scores that an answer gives, each from `low` to `high`; None unless all of them are there.

    Understood are, first to last: a JSON object with the names as keys, or with `_score` behind each (KRIS-Bench); one
    with a list `score`, or a bare list, in their order, where a single number stands for all (VIEScore); the numbers
    after "Final Score", whatever follows them (RISEBench); the last lines "label: number" (ImgEdit). Of several JSON
    values the first that fits counts, whatever stands around it. Markdown marks are ignored.
    """
    for read in (by_name, by_order, by_final_score, by_label):
        for values in read(answer, names):
            if all(value is not None and low <= value <= high for value in values):
                return {name: value for name, value in zip(names, values, strict=True) if value is not None}
    return None


def json_values(answer: str) -> Iterator[Any]:
    """Every JSON object or list in a text, from left to right; line breaks inside of texts are read.

    What is nested too deeply to be read is passed over as a whole, since each of its levels would take as long again.
    """
    start = 0
    while opening := OPENING.search(answer, start):
        try:
            value, start = DECODER.raw_decode(answer, opening.start())
            yield value
        except ValueError:
            start = opening.end()
        except RecursionError:
            start = len(answer) - len(answer[opening.start() :].lstrip("[{ \n"))


def by_name(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """{"name": 4, "other_score": 5}"""
    for content in json_values(answer):
        if isinstance(content, dict):
            yield [number(content.get(name, content.get(f"{name}_score"))) for name in names]


def by_order(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """{"score": [4, 5]} or [4, 5]"""
    for content in json_values(answer):
        scores = content.get("score") if isinstance(content, dict) else content
        listed = scores if isinstance(scores, list) else [scores]
        if len(listed) in (1, len(names)):
            values = [number(value) for value in listed]
            yield values if len(values) == len(names) else values * len(names)


def by_final_score(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """Final Score: 4, 5"""
    if found := FINAL.search(unmarked(answer)):
        values = separate(found[1])
        if len(values) == len(names):
            yield values


def by_label(answer: str, names: Sequence[str]) -> Iterator[list[float | None]]:
    """1. Name: 4, 5"""
    lines = unmarked(answer).splitlines()
    labelled = [found[1] for line in lines if (found := LABELLED.fullmatch(line.strip()))]
    values = [value for text in labelled for value in separate(text)]
    if len(values) >= len(names):
        yield values[-len(names) :]


def unmarked(answer: str) -> str:
    """The text without Markdown's marks."""
    return re.sub(r"[*_`#]", "", answer)


def separate(text: str) -> list[float | None]:
    """Numbers between commas."""
    return [number(value) for value in re.split(r"[,\s]+", text.strip())]


def number(value: object) -> float | None:
    """A JSON number, or a text that is nothing but a short number."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000:
        return float(value)
    return None
