"""One line of a run: a sample, what was predicted for it, and what that took."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Record:
    """One line of `predictions.jsonl`.

    `prediction` is the answer or the path of the edited image; `error` names why a sample failed. `kept` holds,
    for each image, its token grid and a bit per token in hex, first token first, and the homes of merged tokens
    (`g2tr.metrics.account`). `facts` are the sample's own;
    samples of one `cluster` are not independent of each other; `read` is a fingerprint of the image files.
    """

    id: str
    benchmark: str
    category: str
    prompt: str
    prediction: str | None
    target: str | None
    seed: int
    error: str | None = None
    cluster: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    score: Mapping[str, float] = field(default_factory=dict)
    visual_tokens: Mapping[str, Any] = field(default_factory=dict)
    kept: Sequence[Mapping[str, Any]] = field(default_factory=list)
    cost: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    read: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the sample within a run."""
        return self.benchmark, self.id


def read_records(path: Path) -> list[Record]:
    """The complete lines of a file; a line that a kill cut off is passed over."""
    if not path.is_file():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            records.append(Record(**json.loads(line)))
        except (ValueError, TypeError):
            continue
    return records


def to_line(record: Record) -> str:
    """One line of JSON."""
    return json.dumps(asdict(record), ensure_ascii=False) + "\n"


def without_timing(record: Record) -> Record:
    """The record without its times, which differ from run to run."""
    return replace(record, seconds={})


def read_seconds(path: Path) -> dict[tuple[str, str], dict[str, float]]:
    """The times of samples, by benchmark and id; a line that is no such thing is passed over."""
    found = {}
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.is_file() else ():
        try:
            row = json.loads(line)
            key = row.pop("benchmark"), row.pop("id")
            found[key] = {str(phase): float(spent) for phase, spent in row.items()}
        except (AttributeError, LookupError, TypeError, ValueError):
            continue
    return found


def to_seconds(record: Record) -> str:
    """One line of JSON: the times of a sample."""
    return json.dumps({"benchmark": record.benchmark, "id": record.id, **record.seconds}) + "\n"
