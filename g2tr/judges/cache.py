"""Replies on disk, found by the content of the question: nothing is asked, or paid for, twice."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2tr.errors import OutputError
from g2tr.judges.judge import Judge, Question, Reply


@dataclass(frozen=True)
class Cached:
    """A judge with a memory: one JSON file per reply in `folder`, refusals included; failures are not kept."""

    judge: Judge
    folder: Path

    @property
    def identity(self) -> Mapping[str, Any]:
        return self.judge.identity

    def __call__(self, question: Question) -> Reply:
        key = content_key(self.identity, question)
        file = self.folder / key[:2] / f"{key}.json"
        reply = read(file)
        if reply is None:
            reply = self.judge(question)
            write(file, reply)
        return reply


def content_key(identity: Mapping[str, Any], question: Question) -> str:
    """SHA-256 over who is asked, how, what, and about which pixels."""
    images = [part for part in question.parts if not isinstance(part, str)]
    told = [part if isinstance(part, str) else [part.mode, *part.size] for part in question.parts]
    head = [dict(identity), told, question.max_side, question.max_tokens]
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    for image in images:
        digest.update(image.tobytes())
    return digest.hexdigest()


def read(file: Path) -> Reply | None:
    """A stored reply; None where there is none, or none that is whole."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        return Reply(str(stored["text"]), str(stored["refused"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write(file: Path, reply: Reply) -> None:
    """Stores a reply so that a kill leaves all of it or nothing, and two writers do not meet. Raises `OutputError`."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, suffix=".part", delete=False) as part:
            json.dump({"text": reply.text, "refused": reply.refused}, part, ensure_ascii=False)
        os.replace(part.name, file)  # noqa: PTH105 - the rename must be atomic on every platform
    except OSError as error:
        raise OutputError(f"cannot keep replies of the judge in {file.parents[1]}: {error.strerror}") from None
