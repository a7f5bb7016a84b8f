"""Yes or no: how each toolkit reads an answer. None where it finds neither.

Rules as in benchmarks.md §3 and §4. An empty answer is never passed in: it is wrong everywhere (BAGEL's own POPE
scorer would call it "yes").
"""

import re
from collections.abc import Iterable

CHINESE = (("不是", "no"), ("是", "yes"), ("否", "no"), ("true", "yes"), ("false", "no"))
MARKS = ';/[]"{}()=+\\_-><@`,?!'


def first_four(text: str) -> str | None:
    """Whichever of the two stands in the first four letters: "None" and "Not sure" are "no"."""
    return next((word for word in ("yes", "no") if word in text[:4]), None)


def either(words: Iterable[str]) -> str | None:
    """The one of the two that is among the words, if the other is not."""
    said = {"yes", "no"} & set(words)
    return said.pop() if len(said) == 1 else None


def bagel_mme(answer: str) -> str | None:
    """BAGEL's MME: line breaks and Chinese letters removed, true and false translated, then the first four letters."""
    text = answer.replace("\n", "").lower()
    for word, meaning in CHINESE:
        text = text.replace(word, meaning)
    return first_four(re.sub(r"[\u4e00-\u9fa5]", "", text))


def bagel_pope(answer: str) -> str | None:
    """BAGEL's POPE: "no" if the first sentence has the word No, no or not, else "yes", whatever it says."""
    words = answer.split(".")[0].replace(",", "").split(" ")
    return "no" if {"No", "no", "not"} & set(words) else "yes"


def lmms_eval_mme(answer: str) -> str | None:
    """lmms-eval's MME: full stops removed; a single letter y or n counts; then the first four letters."""
    text = answer.lower().strip().replace(".", "")
    return {"y": "yes", "n": "no"}.get(text) or first_four(text)


def lmms_eval_pope(answer: str) -> str | None:
    """lmms-eval's POPE: nothing but the word itself, so that "Yes." is neither."""
    text = answer.lower().strip()
    return text if text in ("yes", "no") else None


def vlmevalkit(answer: str) -> str | None:
    """VLMEvalKit's exact matching: one of the two is among the words and the other is not."""
    said = text = answer.lower()
    for mark in MARKS:
        beside = f"{mark} " in said or f" {mark}" in said or re.search(r"\d,\d", said)
        text = text.replace(mark, "" if beside else " ")
    return either(re.sub(r"\.(?!\d)", "", text).split())


def is_unclear(answer: str) -> bool:
    """Whether the answer has neither the word yes nor the word no, or both, whatever a scorer makes of it."""
    return either(re.findall(r"[a-z]+", answer.lower())) is None
