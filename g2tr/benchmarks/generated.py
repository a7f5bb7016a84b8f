"""Scenes generated on the fly: a benchmark is a version of the world, a seed and a size.

The same arguments give the same images and texts in every process (see `g2tr.scenes.dataset`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from g2tr.benchmarks.sample import Sample, limited
from g2tr.benchmarks.scenes import SceneEdits, SceneQuestions
from g2tr.benchmarks.sources.parquet import Row
from g2tr.images import ImageSource
from g2tr.scenes.dataset import generate


def images_of(row: Row) -> tuple[ImageSource, ...]:
    """The image of a row, or its images where a question is about two."""
    return tuple(ImageSource(cell["bytes"]) for cell in row.get("images") or [row["image"]])


@dataclass(frozen=True)
class GeneratedQuestions(SceneQuestions):
    """Questions about `size` fresh scenes."""

    version: str = "v1"
    seed: int = 0
    size: int = 120

    def samples(self) -> Sequence[Sample]:
        rows = generate(self.version, self.seed, self.size, "understanding")
        samples = [Sample(row["id"], images_of(row), row["question"], row["answer"], row["category"]) for row in rows]
        return limited(samples, self.limit)


@dataclass(frozen=True)
class GeneratedEdits(SceneEdits):
    """`size` edits of fresh scenes; the row number is the seed of an edit."""

    version: str = "v1"
    seed: int = 0
    size: int = 96

    def samples(self) -> Sequence[Sample]:
        rows = generate(self.version, self.seed, self.size, "editing")
        samples = [
            Sample(
                row["id"],
                images_of(row),
                row["instruction"],
                ImageSource(row["target"]["bytes"]),
                row["category"],
                seed,
            )
            for seed, row in enumerate(rows)
        ]
        return limited(samples, self.limit)
