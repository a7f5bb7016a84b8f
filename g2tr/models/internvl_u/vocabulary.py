"""The ids of the markers, from the checkpoint's own tokenizer."""

from pathlib import Path
from typing import Any

from g2tr.errors import InputError
from g2tr.models.checkpoints.tokenizer import marker_ids
from g2tr.models.internvl_u.network import SPECIAL_TOKENS
from g2tr.models.internvl_u.parts import Markers

TURNS = ("<|im_start|>", "<|im_end|>")


def find_markers(tokenizer: Any, vocab_size: int, folder: Path | str) -> Markers:  # noqa: ANN401 - transformers has no types
    """The markers; an answer ends with the tokenizer's end of text or its turn, or where the model turns to an image.

    Raises `InputError` where the tokenizer lacks one or names no end of text.
    """
    ids = marker_ids(tokenizer, (*SPECIAL_TOKENS, *TURNS), vocab_size, folder)
    special = tuple(ids[: len(SPECIAL_TOKENS)])
    start, end = (special[SPECIAL_TOKENS.index(marker)] for marker in ("<img>", "</img>"))
    if tokenizer.eos_token_id is None:
        raise InputError(f"the tokenizer in {folder} names no eos_token")
    return Markers(start, end, frozenset({int(tokenizer.eos_token_id), ids[-1], start}), special)
