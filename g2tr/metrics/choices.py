"""Multiple choice: which letter each toolkit reads from an answer, without a judge. None where it finds none.

Rules as in benchmarks.md §3 and §4. An empty answer is never passed in: it is wrong everywhere (BAGEL's own MMVP
script would crash on it, and its MMBench script would call it "C").
"""

import re
from collections.abc import Mapping

Options = Mapping[str, str]
AFFIXES = ("_", "_.", "_,", "_:", "_)", "_).", "(_)", "(_).", ":_", ":_,", ":_.", ":_)", ":_).")
MARKS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
PATTERNS = (
    r"^\s*\(?([AB])\)?\.?\s*$",
    r"^\s*\(?([AB])\)?[.\s]",
    r"answer\s+is\s+\(?([AB])\)?",
    r"option\s+\(?([AB])\)?",
    r"\(?([AB])\)?(?:\s|$)",
    r"^([AB])",
)


def by_text(answer: str, options: Options) -> str | None:
    """The only option whose text is in the answer, whatever its case."""
    found = [letter for letter, text in options.items() if text.lower() in answer.lower()]
    return found[0] if len(found) == 1 else None


def bagel(answer: str, options: Options) -> str | None:
    """BAGEL's MMVP and MMBench: the first letter, else the first option whose text is in the answer, case and all."""
    text = answer.strip()
    if text[:1] in options:
        return text[:1]
    return next((letter for letter, option in options.items() if option in text), None) if len(text) > 1 else None


def lmms_eval_mmbench(answer: str, options: Options) -> str | None:
    """lmms-eval's MMBench before it asks a judge (`mmbench_en_dev_static`).

    The only letter that stands alone among the words, then with punctuation, then the only option's text; an "A"
    among more than three words is an article.
    """
    words = answer.split()
    for affix in AFFIXES:
        found = [letter for letter in "ABCDE" if affix.replace("_", letter) in words]
        article = affix == "_" and "A" in words and len(words) > 3
        if len(found) == 1 and not article:
            return found[0]
    return by_text(answer, options)


def lmms_eval_mmvp(answer: str, options: Options) -> str | None:
    """lmms-eval's MMVP: the first of six patterns that fits anywhere, from the bare letter to the end of a word."""
    matches = (re.search(pattern, answer.strip(), re.IGNORECASE) for pattern in PATTERNS)
    return next((match.group(1).upper() for match in matches if match), None)


def vlmevalkit(answer: str, options: Options) -> str | None:
    """VLMEvalKit's `exact_matching`: the only letter, among the last five words, or the only option's text.

    Texts count only in answers of at most twice the length of all options.
    """
    words = answer.translate(MARKS).split()
    found = [letter for letter in options if letter in words]
    if len(found) == 1 and words.index(found[0]) > len(words) - 5:
        return found[0]
    short = len(answer) <= 2 * sum(map(len, options.values()))
    return by_text(answer, options) if short else None


def leading_letter(answer: str, options: Options) -> str | None:
    """The letter A to D that the answer begins with, or the letter of the only option whose text is in it."""
    match = re.match(r"\W*([A-Da-d])\b", answer)
    return match.group(1).upper() if match else by_text(answer, options)
