"""What is scored: answers and judges' replies as models write them, at the boundaries of the toolkits' rules too."""

from itertools import product
from typing import Any

Case = tuple[list[Any], object]
"""The arguments of a rule, and the right value, for aggregates."""

OPTIONS = (
    {"A": "a tram", "B": "a ferry", "C": "a lorry", "D": "a kite"},
    {"A": "cat", "B": "category", "C": "No", "D": "two dogs"},
    {"A": "Yes", "B": "No"},
)
LETTERS = (
    *(
        "{x}",
        "{x}.",
        "({x})",
        "{x})",
        "**{x}**",
        " {x} ",
        "{y}",
        "{x}: {text}",
        "{x}. {text}",
        "({x}) {text}",
        "{text}",
    ),
    *(
        "The answer is {x}.",
        "The answer is **{x}**",
        "answer is: {x}",
        "Answer: {x}",
        "the answer is {y}",
        "I choose {x}",
    ),
    *("It is {x}", "I think {x}", "I think it is {x}", "I really think it is {x}", "{x} it is", "{x} I think so"),
    *("{x} because I see it there", "A or {x}", "{x}, not A", "{x} and not {z}", "Option {x} is right", "option {y}"),
    *("A tram is not {x}", "It must be {x} since A is wrong", "First I thought {z}. But it is {x}.", "{z}? No, {x}!"),
    *(
        "It shows {text}",
        "It shows {text}, I am sure, as anyone can see who looks at it for long, which I did",
        "{x}/{z}",
    ),
    *(
        "The correct answer is **{x}**. Note the long shadow on the left, the masts and the rope.",
        "{x}\nBecause.",
        "${x}$",
    ),
    *("<b>{x}</b>", "[{x}]", "{{{x}}}", "my choice is {x}, of A, B, C and D", "neither {x} nor {z}", "'{x}'", '"{x}"'),
    *(
        "concatenate {text}s",
        "Cannot determine the answer",
        "Z",
        "A",
        "the answer is a thing",
        "answer is blue",
        "none",
    ),
    *(
        "{x} {z} {x}",
        "Z {text}",
        "I'm sorry, but without the image provided it is {x}",
        "it is ({z}) or ({x})",
        "{x}) {text} {z}) nothing",
        "a",
        "The answer is {x}, {z} is not",
        "{text} {z}",
    ),
    *(
        "one {x}",
        "one two {x}",
        "one two three {x}",
        "{x} one two",
        "{x} one two three",
        "{x} one two three four",
        "A b c",
    ),
    *("{x} one two three four five", "A one two", "A one two three", "A one two three four", "(A) one two three", "A."),
)
WORDS = (
    *(
        "yes",
        "no",
        "Yes",
        "No.",
        "YES!",
        "Yes, it is",
        "No, it is not",
        "yes and no",
        "",
        " ",
        "y",
        "n",
        "Y.",
        "N",
        "x",
    ),
    *(
        "ok no",
        "well, no",
        "well no",
        "not sure",
        "None",
        "nothing",
        "know",
        "yesterday",
        "eyes",
        "There is one.",
        "ok yes",
    ),
    *(
        "Yes.No",
        "no/yes",
        "yes/",
        "/yes",
        "[yes]",
        "(no)",
        "yes,no",
        "It is, yes",
        "I say yes",
        "I do not know",
        "1,000 yes",
    ),
    *(
        "是",
        "不是",
        "否",
        "true",
        "False",
        "yes.\nNo",
        "no\nyes",
        "The answer is yes",
        "The answer is no.",
        "yes it's not no",
    ),
    *(
        "a yes",
        "ab yes",
        "abc yes",
        "abcd yes",
        "a no",
        "ab no",
        "abc no",
        " yes",
        "no ",
        "Nope",
        "yep",
        "yes-no",
        "no?",
        "@no",
    ),
    *(
        "<think>The light is off.</think>Yes",
        "off</think> no",
        "<think>never",
        "yes<think>a</think>",
        "n.o",
        "y.e.s",
        "3.5 no",
    ),
)
BLOCKS = (
    *(
        "a</think> b",
        "<think>x</think>1<analysis>y</analysis>2<think>z</think>",
        "<think>never ends",
        "</think>",
        "<think>",
    ),
    *(
        "<analysis>x</analysis> yes",
        "x</analysis>no",
        "<think>a<think>b</think>c</think>d",
        "</think>a<think>",
        "plain",
        "",
    ),
    *(
        " yes ",
        "<THINK>a</THINK>b",
        "a</think>b</think>c",
        "<think></think>",
        "<think>a</think>\n\nB",
        "a <analysis> b",
    ),
)
RISE = (
    "**Final Score:** **{n}**",
    "Final Score: {n}",
    "Final Score: {n}/5",
    "Final Score: {n} (good)",
    "Final Score\n{n}",
)
RISE += (
    "**Final Score**: {n}",
    "final score: {n}",
    "## Final Score: {n}",
    "I give {n}.",
    "Final Score: **{n}**\n\nBye.",
)
IMGEDIT = (
    "A: {n}\nB: {m}\nC: 3",
    "1. A: {n}\n2. B: {m}\n3. C: 3",
    "Why: fine.\nA: {n}\nB: {m}\nC: 3",
    "fine: yes, {n}",
)
KRIS = (
    '{{"consistency_score": {n}, "reasoning": "ok"}}',
    'Well.\n```json\n{{"reasoning": "a", "consistency_score": {n}}}\n```',
)
KRIS += ('{{"consistency_score": "{n}"}}', "no score here", 'The {{old}} one: {{"consistency_score": {n}}}')


def chosen() -> list[Case]:
    """Every form of an answer, for every option, with another option beside it."""
    found: dict[tuple[str, str], Case] = {}
    for options, form in product(OPTIONS, LETTERS):
        for x, z in zip(options, [*list(options)[1:], "A"], strict=True):
            answer = form.format(x=x, y=x.lower(), z=z, text=options[x])
            found.setdefault((answer, str(options)), ([answer, options], x))
    return list(found.values())


def said() -> list[Case]:
    """Answers to yes or no; a question is right with yes where its number is even."""
    return [([word], ("yes", "no")[number % 2]) for number, word in enumerate(WORDS)]


def replies(forms: tuple[str, ...]) -> list[Case]:
    """A judge's replies, for scores from 1 to 5; the right value is not known."""
    texts = dict.fromkeys(form.format(n=n, m=6 - n) for form, n in product(forms, range(1, 6)))
    return [([text], None) for text in texts]


def corpus() -> dict[str, list[Case]]:
    """The cases of every rule; the second word names the toolkit whose rule it is."""
    letters, words = chosen(), said()
    return {
        "realworldqa lmms_eval": letters,
        "mmbench lmms_eval": letters,
        "choice vlmevalkit": letters,
        "mme lmms_eval": words,
        "pope lmms_eval": words,
        "yes_no vlmevalkit": words,
        "reasoning lmms_eval": [([text], None) for text in BLOCKS],
        "risebench reply": replies(RISE),
        "imgedit reply": replies(IMGEDIT),
        "kris reply": replies(KRIS),
    }
