"""Thinking mode: the model reasons between <think> tags before it answers or draws."""

from dataclasses import dataclass

TAGS = "Put the reasoning between <think> and </think>"


@dataclass(frozen=True)
class Thinking:
    """System texts and limits of thinking mode.

    The texts say what the official ones say, in our words; for results that compare with the official
    code, set both to the strings in its `inferencer.py`.
    """

    understanding: str = f"Reason about the question before you answer it. \n{TAGS}, and the answer after it."
    generation: str = f"Plan the picture before you draw it. \n{TAGS}, and the picture after it."
    max_tokens: int = 1000
    temperature: float = 0.0
