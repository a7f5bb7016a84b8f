"""Tokenizers: read from a checkpoint folder, and the ids of the markers that a model needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from g2tr.errors import InputError
from g2tr.models.checkpoints.json_config import read_json


@runtime_checkable
class Tokenizer(Protocol):
    """Text ↔ ids, as transformers' tokenizers offer it."""

    def encode(self, text: str, add_special_tokens: bool = ...) -> list[int]: ...

    def decode(self, token_ids: list[int]) -> str: ...

    def get_added_vocab(self) -> dict[str, int]: ...


def read_tokenizer(folder: Path) -> Any:  # noqa: ANN401 - transformers has no types
    """The tokenizer of a folder. Raises `InputError` where it cannot be read."""
    from transformers import AutoTokenizer

    for path in (folder / "tokenizer.json", folder / "tokenizer_config.json"):
        if path.exists():
            read_json(path)
    try:
        return AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises bare exceptions
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(f"the tokenizer in {folder} cannot be read: {reason}") from None


def marker_ids(tokenizer: Any, markers: Sequence[str], vocab_size: int, folder: Path | str) -> list[int]:  # noqa: ANN401
    """The id of each marker. Raises `InputError` for one that the tokenizer lacks or that has no embedding."""
    ids: list[int] = [tokenizer.convert_tokens_to_ids(marker) for marker in markers]
    absent = [m for m, i in zip(markers, ids, strict=True) if i is None or i == tokenizer.unk_token_id]
    if absent:
        raise InputError(f"the tokenizer in {folder} lacks {', '.join(absent)}")
    if max(ids) >= vocab_size:
        raise InputError(f"the tokenizer in {folder} has marker ids {ids}, the model only {vocab_size} embeddings")
    return ids
