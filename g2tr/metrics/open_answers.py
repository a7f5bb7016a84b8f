"""Scores of a free answer against one or several accepted ones, from 0 to 1, each under the name that papers give it.

`anls`: Biten et al. 2019 (ST-VQA, DocVQA). `relaxed`: Masry et al. 2022 (ChartQA). `vqa`: Antol et al. 2015 (VQA).
"""

import re
from collections.abc import Callable, Mapping, Sequence
from math import isfinite
from statistics import fmean

Answers = Sequence[str]
SIMILAR = 0.5
TOLERANCE = 0.05
AGREEING = 3
VQA_MARKS = ';/[]"{}()=+\\_-><@`,?!'
VQA_ARTICLES = ("a", "an", "the")
VQA_NUMBERS = {"none": "0"} | {
    word: str(value)
    for value, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    )
}


def plain(text: str) -> str:
    """Lower case, single spaces, no full stop at the end."""
    return " ".join(text.lower().split()).rstrip(".")


def exact(prediction: str, answers: Answers) -> float:
    """1 if the answer is one of the accepted ones, whatever its case and its full stop."""
    return float(plain(prediction) in map(plain, answers))


def contains(prediction: str, answers: Answers) -> float:
    """1 if one of the accepted answers stands in the answer as whole words."""
    said = plain(prediction)
    return float(any(re.search(rf"(?<!\w){re.escape(plain(answer))}(?!\w)", said) for answer in answers))


def anls(prediction: str, answers: Answers) -> float:
    """1 - edit distance / longer length to the closest accepted answer; 0 below 0.5, as the official script counts."""
    said = " ".join(prediction.lower().split())
    best = max(similarity(said, " ".join(answer.lower().split())) for answer in answers)
    return best if best >= SIMILAR else 0.0


def similarity(a: str, b: str) -> float:
    """1 for equal texts, 0 where every letter differs."""
    return 1 - edit_distance(a, b) / max(len(a), len(b), 1)


def edit_distance(a: str, b: str) -> int:
    """Levenshtein's: insertions, deletions and replacements that turn one text into the other."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def relaxed(prediction: str, answers: Answers) -> float:
    """1 if a number is within 5 % of the accepted one (12 % is 0.12), or a text is equal to it."""
    return float(any(is_close(prediction.strip(), answer.strip()) for answer in answers))


def is_close(said: str, wanted: str) -> bool:
    """Whether two numbers, of which the second is not 0, are close; else whether the texts are equal but for case."""
    x, y = number(said), number(wanted)
    return abs(x - y) <= TOLERANCE * abs(y) if x is not None and y else said.lower() == wanted.lower()


def number(text: str) -> float | None:
    """The number that a text is."""
    try:
        value = float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def vqa(prediction: str, answers: Answers) -> float:
    """VQA accuracy: min(1, equal answers / 3), averaged over leaving out each of the people who answered.

    Answers are compared without articles and punctuation, number words as digits; apostrophes are left out, where the
    official script has a table of contractions. Of three answers
    or fewer none could reach 1; 10 are published.
    """
    said, given = vqa_plain(prediction), [vqa_plain(answer) for answer in answers]
    return fmean(min(1.0, (given.count(said) - (own == said)) / AGREEING) for own in given)


def vqa_plain(answer: str) -> str:
    """An answer as the official script compares it."""
    said = text = " ".join(answer.lower().split())
    for mark in VQA_MARKS:
        beside = f"{mark} " in said or f" {mark}" in said or re.search(r"\d,\d", said)
        text = text.replace(mark, "" if beside else " ")
    words = re.sub(r"\.(?!\d)|'", "", text).split()
    return " ".join(VQA_NUMBERS.get(word, word) for word in words if word not in VQA_ARTICLES)


METRICS: Mapping[str, Callable[[str, Answers], float]] = {
    "exact": exact,
    "contains": contains,
    "anls": anls,
    "relaxed": relaxed,
    "vqa": vqa,
}
