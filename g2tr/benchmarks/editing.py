"""What the published editing benchmarks share: annotations become samples, and pixels are compared without a judge."""

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, ClassVar

from PIL import Image

from g2tr.benchmarks.sample import Grades, Sample, limited
from g2tr.benchmarks.sources.annotations import Annotation, annotations
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.metrics.perceptual import Perceptual, perceptual_grades
from g2tr.metrics.pixels import pixel_grades

ID = re.compile(r"\w[\w.-]{0,119}")


class GradedEdits:
    """Grades of edits without a judge.

    l1, l2, psnr, ssim and what `perceptual` lists, to the target where the benchmark has one, and `input_…`, to the
    (first) input: how much was changed.
    """

    perceptual: Sequence[Perceptual]
    max_tokens: int = 0
    task: ClassVar[str] = "edit"
    headline: ClassVar[tuple[str, ...]] = ("input_psnr", "input_ssim")
    has_targets: ClassVar[bool] = False

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        if not isinstance(prediction, Image.Image):
            raise InputError(f"{sample.id}: an edit is graded on its image")
        source = self.compare(prediction, sample.images[0])
        to_input = {f"input_{name}": value for name, value in source.items()}
        if not self.has_targets or not isinstance(sample.target, ImageSource):
            return to_input
        return self.compare(prediction, sample.target) | to_input

    def compare(self, result: Image.Image, other: ImageSource) -> dict[str, float]:
        """All grades of a result against another image."""
        image = other.open()
        return pixel_grades(result, image) | perceptual_grades(self.perceptual, result, image)

    def summarise(self, graded: Sequence[tuple[Sample, Grades]]) -> dict[str, float]:
        """Means of every grade over the samples that have it, and of the first headline over each category."""
        names = dict.fromkeys(name for _, grades in graded for name in grades)
        means = {name: fmean(grades[name] for _, grades in graded if name in grades) for name in names}
        first = self.headline[0]
        groups = category_means([(sample, grades[first]) for sample, grades in graded if first in grades])
        return means | {f"{first}/{category}": value for category, value in groups.items()}


@dataclass(frozen=True)
class PublishedEdits(GradedEdits, ABC):
    """Edits of a data set: `dataset` is a file, folder or hub id, `images` a folder where they lie elsewhere.

    Grades are those of `GradedEdits`; the official scores need a judge.
    """

    dataset: Dataset
    images: str | None = None
    limit: int | None = None
    perceptual: Sequence[Perceptual] = field(default_factory=tuple)
    files: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def sample(self, annotation: Annotation) -> Sample | None:
        """The sample of an annotation; None where it is left out. Raises `InputError` for a missing field."""

    @abstractmethod
    def layout(self, facts: Mapping[str, Any]) -> str:
        """Where the benchmark's own scripts look for the edit, relative to their folder of results."""

    def input_layout(self, facts: Mapping[str, Any]) -> str | None:
        """Where they look for the input, where that is among the results."""
        return None

    def samples(self) -> Sequence[Sample]:
        found = (self.sample(annotation) for annotation in annotations(self.dataset, self.files, self.images))
        samples = [sample for sample in found if sample is not None]
        check_ids([sample.id for sample in samples])
        return limited(samples, self.limit)


def category_means(valued: Sequence[tuple[Sample, float]]) -> dict[str, float]:
    """Means over the samples of each category, by name."""
    categories: dict[str, list[float]] = {}
    for sample, value in valued:
        categories.setdefault(sample.category, []).append(value)
    return {name: fmean(categories[name]) for name in sorted(categories)}


def check_ids(ids: Sequence[str]) -> None:
    """Raises `InputError` for an id that names two samples, or cannot name a file."""
    for name, count in Counter(ids).items():
        if count > 1:
            raise InputError(f"{count} samples are named {name}")
        if not ID.fullmatch(name):
            raise InputError(f"{name!r} cannot name a sample: wanted letters, digits, '_', '-' and '.'")
