"""What a conversation says around images and questions: the chat template as pieces of text and images.

Source: the template `qwen2_5-chat-v3` of the official processor; models-internvl-u.md sections 3 and 4.
"""

import re
from dataclasses import dataclass

from g2tr.errors import InputError

USER = "<|im_start|>user\n"
ANSWER = "<|im_end|>\n<|im_start|>assistant\n"
SLOT = "<image>"
DRAWN = "<img>"
TEXTLESS = "Generate an image based on reference images."
EMPTY = "Here is a random image <img_uncond>:"
Piece = str | int


@dataclass(frozen=True)
class System:
    """System messages of the three tasks. These are our words; the checkpoint's own, where it states one, answers.

    An empty message leaves its turn empty.
    """

    answer: str | None = None
    edit: str = "You edit images. Say what the image shows, then how the instruction changes it."
    generate: str = "You draw images. Say what the image shows, in full."

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not str and not (name == "answer" and value is None):
                raise InputError(f"system.{name} must be a text, got {value!r}")

    def answering(self, stated: str) -> str:
        """The message for questions: the one given here, else that of the checkpoint, else our own."""
        if self.answer is not None:
            return self.answer
        return stated or "You are a helpful assistant that sees images."


def system_turn(message: str) -> str:
    """The turn that opens every conversation."""
    return f"<|im_start|>system\n{message}<|im_end|>\n"


def tidy(text: str) -> str:
    """A text as the official processor writes it: stripped, upper case first, with a full stop where none ends it."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", ",", ":", ";")) else ".")


def user_pieces(text: str, images: int, text_first: bool = False) -> list[Piece]:
    """A user turn and the opening of its answer: texts, and numbers of images where they stand.

    Images without a slot `<image>` in the text stand before it, each on its own line; with `text_first`, after it.
    Raises `InputError` for more slots than images.
    """
    text = tidy(text)
    missing = images - text.count(SLOT)
    if missing < 0:
        raise InputError(f"the prompt has {text.count(SLOT)} slots {SLOT}, but there are {images} images")
    laid = text + f"\n{SLOT}" * missing if text_first else f"{SLOT}\n" * missing + text
    texts = re.split(SLOT, USER + laid + ANSWER)
    pieces: list[Piece] = [texts[0]]
    for number, following in enumerate(texts[1:]):
        pieces += [number, following] if following else [number]
    return pieces
