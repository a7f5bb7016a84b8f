"""Multiple choice: which letter each toolkit reads from an answer, without a judge. None where it finds none.

Rules as in benchmarks.md §3 and §4. An empty answer is never passed in: it is wrong everywhere (BAGEL's own MMVP
script would crash on it, and its MMBench script would call it "C").
"""

import re
from collections.abc import Callable, Iterable, Mapping

Options = Mapping[str, str]
AFFIXES = ("_", "_.", "_,", "_:", "_)", "_).", "(_)", "(_).", ":_", ":_,", ":_.", ":_)", ":_).")
MARKS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
ENDS = (",", ".", "!", "?", ";", ":", "'", '"')
ANSWER_IS = re.compile(r"answer\s+is\s+\**([A-D])", re.IGNORECASE)
REFUSALS = (
    "Sorry, I can't help with images of people yet.",
    "I can't process this file.",
    "I'm sorry, but without the image provided",
    "Cannot determine the answer",
)
# What mcq_extract of lmms-eval 0.7.3 takes for the announcement of an answer.
PHRASES = (
    *(f"{word} is" for word in ("answer", "option", "choice")),
    *("i choose", "i select", "i pick", "옵션", "정답은", "답은", "답:", "答案是", "答案为", "选", "答えは"),
)
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


def lmms_eval_static(answer: str, options: Options) -> str | None:
    """lmms-eval's MMBench without a judge since 0.7: what the prefetch rules do not read goes to the extractor."""
    return lmms_eval_mmbench(answer, options) or lmms_eval_letter(answer, options)


def lmms_eval_choice(answer: str, options: Options) -> str | None:
    """lmms-eval's RealWorldQA since 0.7: a capital letter from A to D by the extractor; options are not read."""
    return lmms_eval_letter(answer, "ABCD")


def lmms_eval_letter(answer: str, letters: Iterable[str]) -> str | None:
    """lmms-eval's extractor of letters (`mcq_extract`, 0.7.3): the most telling form counts, in it the last letter.

    From the most telling: the answer begins with the letter, ends with it, names it after a phrase such as "the answer
    is", then (X), X followed by a full stop, a colon, a bracket, a space; failing all, the letter anywhere. Letters are
    capitals. Example: "First I thought A. But it is C." ends with C.
    """
    text = answer.strip()
    for mark in ENDS:
        text = text.strip(mark)
    core, text = text.strip(), f" {text} "
    behind = [at + len(phrase) for phrase in PHRASES if (at := text.lower().find(phrase)) >= 0]
    forms: list[Callable[[str], int]] = [
        lambda x: 0 if core[:1] == x and not core[1:2].isalpha() else -1,
        lambda x: 0 if core[-1:] == x and not core[-2:-1].isalpha() else -1,
        lambda x: max((text.find(x, start) for start in behind), default=-1),
        *(lambda x, form=form: text.rfind(form.replace("_", x)) for form in ("(_)", "_.", "_:", "_)", "_ ", "_")),
    ]
    for form in forms:
        found = {letter: at for letter in letters if (at := form(letter)) >= 0}
        if found:
            return max(found, key=lambda letter: found[letter])
    return None


def lmms_eval_mmvp(answer: str, options: Options) -> str | None:
    """lmms-eval's MMVP: the first of six patterns that fits anywhere, from the bare letter to the end of a word."""
    matches = (re.search(pattern, answer.strip(), re.IGNORECASE) for pattern in PATTERNS)
    return next((match.group(1).upper() for match in matches if match), None)


def vlmevalkit(answer: str, options: Options) -> str | None:
    """VLMEvalKit's `exact_matching` (2026): a refusal is no answer, and a letter after "answer is" settles the rest.

    First the rule of `vlmevalkit_2025`; where its words do not settle it, the phrase in any case, with or without
    asterisks, and then the option's text. The phrase needs no end of a word ("answer is blue" is B), and a Z among the
    words, where no letter is, refuses.
    """
    words = answer.translate(MARKS).split()
    if any(refusal in answer for refusal in REFUSALS) or ("Z" in words and not set(options) & set(words)):
        return None
    said = by_word(answer, options)
    if said is None and (phrase := ANSWER_IS.search(answer)) and phrase[1].upper() in options:
        said = phrase[1].upper()
    return said or by_short_text(answer, options)


def vlmevalkit_2025(answer: str, options: Options) -> str | None:
    """VLMEvalKit's `exact_matching` before 2026: the only letter, among the last five words, or an option's text."""
    return by_word(answer, options) or by_short_text(answer, options)


def by_short_text(answer: str, options: Options) -> str | None:
    """The only option's text, in answers of at most twice the length of all options."""
    short = len(answer) <= 2 * sum(map(len, options.values()))
    return by_text(answer, options) if short else None


def by_word(answer: str, options: Options) -> str | None:
    """The only letter among the words, if it is one of the last five."""
    words = answer.translate(MARKS).split()
    found = [letter for letter in options if letter in words]
    return found[0] if len(found) == 1 and words.index(found[0]) > len(words) - 5 else None


def leading_letter(answer: str, options: Options) -> str | None:
    """The letter A to D that the answer begins with, or the letter of the only option whose text is in it."""
    match = re.match(r"\W*([A-Da-d])\b", answer)
    return match.group(1).upper() if match else by_text(answer, options)
