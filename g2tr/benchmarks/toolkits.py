"""How a toolkit asks and reads: its prompt, the length of an answer, its scorer (benchmarks.md §3)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from g2tr.benchmarks.sources.dataset import Columns, Entry

SINGLE = "Answer the question using a single word or phrase."
LETTER = "Answer with the option's letter from the given choices directly."
OPTIONS: Columns = {letter: (letter,) for letter in "ABCDE"}


@dataclass(frozen=True)
class Question:
    """What a prompt is made of."""

    text: str
    options: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    @property
    def lines(self) -> str:
        """The options, one per line."""
        return "\n".join(f"{letter}. {text}" for letter, text in self.options.items())


@dataclass(frozen=True)
class Rules:
    """One toolkit's prompt, its limit of new tokens, and how it reads an answer; None where it finds none in it."""

    prompt: Callable[[Question], str]
    max_tokens: int
    read: Callable[..., str | None]


def options_of(entry: Entry) -> dict[str, str]:
    """The options that stand in columns of their own, A to E."""
    return {letter: entry[letter] for letter in OPTIONS if letter in entry.texts}


def unchanged(question: Question) -> str:
    """The question as it is published."""
    return question.text


def short_answer(question: Question) -> str:
    """The question, and on a line of its own the wish for a single word."""
    text = question.text.strip()
    return text if text.endswith(SINGLE) else f"{text}\n{SINGLE}"


def choice(question: Question) -> str:
    """Hint, question, options and the wish for a letter, one per line (BAGEL)."""
    hint = f"{question.hint}\n" if question.hint else ""
    return f"{hint}{question.text}\n{question.lines}\n{LETTER}"


def template(question: Question) -> str:
    """VLMEvalKit's template of multiple choice, with its trailing space and line break."""
    hint = f"Hint: {question.hint}\n" if question.hint else ""
    options = f"Options:\n{question.lines}\nPlease select the correct answer from the options above. \n"
    return f"{hint}Question: {question.text}\n{options}"
