"""Judges of edits: whoever answers (images, prompt) with a text, and what is made of the text."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.judges.openai import OpenAIJudge as OpenAIJudge

EXPORTS = {
    "OpenAIJudge": "openai",
}
__getattr__ = lazily(__name__, EXPORTS)
