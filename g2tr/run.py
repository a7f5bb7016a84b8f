"""A run folder: predictions as they come, images, metrics, log; whatever is complete is never done again."""

import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from PIL import Image

from g2tr.errors import InputError


@dataclass(frozen=True)
class Record:
    """One line of `predictions.jsonl`.

    `prediction` is the answer or the path of the edited image; `error` names why a sample failed. `kept` holds,
    for each image, its token grid and a bit per token in hex, first token first, and the homes of merged tokens
    (`g2tr.metrics.account`). `facts` are the sample's own;
    samples of one `cluster` are not independent of each other.
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


def write_atomically(path: Path, text: str) -> None:
    """Replaces a file so that a kill leaves the old one or the new one, never a part."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105 - the rename must be atomic on every platform


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.json"

    def prepare(self, config: Mapping[str, Any] | DictConfig, fresh: bool) -> None:
        """Makes the folder and writes its configuration; `fresh` forgets what an earlier run left."""
        try:
            (self.path / "images").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"cannot write run folder {self.path}: {error.strerror}") from None
        if fresh:
            for old in [*self.path.glob("predictions*.jsonl"), self.metrics_file]:
                old.unlink(missing_ok=True)
        write_atomically(self.path / "config.yaml", OmegaConf.to_yaml(config, resolve=True))

    def metrics(self) -> dict[str, Any] | None:
        """The metrics of a complete run."""
        if not self.metrics_file.is_file():
            return None
        metrics: dict[str, Any] = json.loads(self.metrics_file.read_text(encoding="utf-8"))
        return metrics

    def records(self) -> dict[tuple[str, str], Record]:
        """Every sample that has been predicted, by any process of this run or an earlier one."""
        parts = sorted(self.path.glob("predictions*.jsonl"))
        return {record.key: record for part in parts for record in read_records(part)}

    def append(self, rank: int, records: Sequence[Record]) -> None:
        """Adds lines to the file of one process and waits until they are on disk."""
        with (self.path / f"predictions.rank{rank}.jsonl").open("a", encoding="utf-8") as file:
            if file.tell() and not self.ends_whole(rank):
                file.write("\n")
            file.writelines(to_line(record) for record in records)
            file.flush()
            os.fsync(file.fileno())

    def ends_whole(self, rank: int) -> bool:
        """Whether the last line of a process's file was written to its end."""
        with (self.path / f"predictions.rank{rank}.jsonl").open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"

    def finish(self, records: Sequence[Record], metrics: Mapping[str, Any]) -> None:
        """Writes the merged predictions and then the metrics, which mark the run as complete."""
        write_atomically(self.path / "predictions.jsonl", "".join(map(to_line, records)))
        for part in self.path.glob("predictions.rank*.jsonl"):
            part.unlink()
        write_atomically(self.metrics_file, json.dumps(metrics, indent=2, ensure_ascii=False) + "\n")

    def save_image(self, name: str, image: Image.Image) -> str:
        """Stores an edited image; returns its path within the folder."""
        place = f"images/{name.replace('/', '_')}.png"
        part = self.path / f"{place}.part"
        image.save(part, format="PNG")
        os.replace(part, self.path / place)  # noqa: PTH105 - see write_atomically
        return place

    def load_image(self, place: str) -> Image.Image:
        """An image that `save_image` stored."""
        with Image.open(self.path / place) as image:
            return image.convert("RGB")

    @contextmanager
    def logged(self) -> Iterator[None]:
        """Copies what g2tr logs into run.log."""
        handler = logging.FileHandler(self.path / "run.log", encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("g2tr")
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            yield
        finally:
            logger.removeHandler(handler)
            handler.close()
