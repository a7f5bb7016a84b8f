"""The same rules, by g2tr."""

from collections.abc import Callable
from typing import Any

from g2tr.judges.parse_scores import read_scores
from g2tr.metrics.choices import lmms_eval_choice, lmms_eval_static, vlmevalkit
from g2tr.metrics.judgements import imgedit_score
from g2tr.metrics.reasoning import without_reasoning
from g2tr.metrics.yes_no import lmms_eval_mme, lmms_eval_pope
from g2tr.metrics.yes_no import vlmevalkit as vlmevalkit_words

IMGEDIT = ("compliance", "seamlessness", "fidelity")


def reply(name: str) -> Callable[[str], float | None]:
    """The one score of a reply."""
    return lambda text: (read_scores(text, (name,), 1, 5) or {}).get(name)


def imgedit(text: str) -> float | None:
    """The mean of the three scores of a reply."""
    scores = read_scores(text, IMGEDIT, 1, 5)
    return imgedit_score(scores) if scores else None


RULES: dict[str, Callable[..., Any]] = {
    "realworldqa lmms_eval": lmms_eval_choice,
    "mmbench lmms_eval": lmms_eval_static,
    "choice vlmevalkit": vlmevalkit,
    "mme lmms_eval": lmms_eval_mme,
    "pope lmms_eval": lmms_eval_pope,
    "yes_no vlmevalkit": vlmevalkit_words,
    "reasoning lmms_eval": without_reasoning,
    "risebench reply": reply("reasoning"),
    "imgedit reply": imgedit,
    "kris reply": reply("consistency"),
}
