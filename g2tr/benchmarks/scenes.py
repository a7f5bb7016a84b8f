"""The embedded world: questions about procedural scenes, and edits of them whose exact target is known.

Categories, wording and scoring: README.md beside the data in `g2tr/assets/scenes`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import ClassVar

from PIL import Image

from g2tr.assets import ASSETS
from g2tr.benchmarks.sample import Grades, Sample, check_limit, limited
from g2tr.benchmarks.sources.image_cells import image_source
from g2tr.benchmarks.sources.parquet import read_rows
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.metrics.answers import exact_match
from g2tr.metrics.editing import edit_grades

QUESTION_COLUMNS = ("id", "image", "question", "answer", "category")
EDIT_COLUMNS = ("id", "image", "instruction", "target", "category")


def scenes_folder(path: str) -> Path:
    """The folder of the data: `embedded`, or a path."""
    return ASSETS / "scenes" if path == "embedded" else Path(path)


def by_category(graded: Sequence[tuple[Sample, Grades]], score: str) -> dict[str, float]:
    """Means of one grade over all samples and over each category, as `score` and `score/category`."""
    categories = sorted({sample.category for sample, _ in graded})
    means = {score: fmean(grades[score] for _, grades in graded)}
    for category in categories:
        means[f"{score}/{category}"] = fmean(grades[score] for sample, grades in graded if sample.category == category)
    return means


@dataclass(frozen=True)
class SceneQuestions:
    """Ten kinds of questions, answered with one or two words; exact match."""

    path: str = "embedded"
    limit: int | None = None
    max_tokens: int = 8
    task: ClassVar[str] = "answer"
    headline: ClassVar[tuple[str, ...]] = ("accuracy",)

    def samples(self) -> Sequence[Sample]:
        folder = scenes_folder(self.path)
        rows = read_rows(folder / "understanding.parquet", QUESTION_COLUMNS, check_limit(self.limit))
        sources = (image_source(row["image"], folder) for row in rows)
        samples = [
            Sample(row["id"], (source,), row["question"], row["answer"], row["category"])
            for row, source in zip(rows, sources, strict=True)
        ]
        return limited(samples, self.limit)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        return {"accuracy": exact_match(str(prediction), str(sample.target))}

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]:
        return by_category(graded, "accuracy")


@dataclass(frozen=True)
class SceneEdits:
    """Eight kinds of edits. The row number is the seed, as in the reference results of the embedded model."""

    path: str = "embedded"
    limit: int | None = None
    max_tokens: int = 0
    task: ClassVar[str] = "edit"
    headline: ClassVar[tuple[str, ...]] = ("success", "psnr", "preservation")

    def samples(self) -> Sequence[Sample]:
        folder = scenes_folder(self.path)
        rows = read_rows(folder / "editing.parquet", EDIT_COLUMNS, check_limit(self.limit))
        samples = [
            Sample(
                row["id"],
                (image_source(row["image"], folder),),
                row["instruction"],
                image_source(row["target"], folder),
                row["category"],
                seed,
            )
            for seed, row in enumerate(rows)
        ]
        return limited(samples, self.limit)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        if not isinstance(prediction, Image.Image) or not isinstance(sample.target, ImageSource):
            raise InputError(f"{sample.id}: an edit is graded on its image and its target image")
        return edit_grades(prediction, sample.images[-1].open(), sample.target.open())

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]:
        made = [grades for _, grades in graded if "psnr" in grades]
        plain = {name: fmean(grades[name] for grades in made) for name in ("psnr", "ssim", "preservation") if made}
        return by_category(graded, "success") | plain
