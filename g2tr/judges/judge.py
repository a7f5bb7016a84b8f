"""The contract of a judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from PIL import Image


@dataclass(frozen=True)
class Question:
    """Texts and pictures in the order in which they are read, and the limits of the benchmark's own script.

    No side of a picture is longer than `max_side` pixels, no reply longer than `max_tokens`; None: as it is, no limit.
    """

    parts: Sequence[str | Image.Image]
    max_side: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class Reply:
    """What a judge said. `refused` says why it would not answer (content filter, policy, silence); else it is empty."""

    text: str
    refused: str = ""


class JudgeFailure(Exception):
    """No reply after all tries: nothing is known about the edit, and another run may ask again."""


@runtime_checkable
class Judge(Protocol):
    """A function of a question; `identity` is everything else that its replies depend on.

    Raises `JudgeFailure` where this question got no reply, `InputError` where no question would.
    """

    @property
    def identity(self) -> Mapping[str, Any]: ...

    def __call__(self, question: Question) -> Reply: ...
