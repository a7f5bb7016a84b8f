"""One's own edits, from a table in any common form, with a target, a mask or neither."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, ClassVar

from PIL import Image

from g2tr.benchmarks.editing import GradedEdits, category_means, check_ids
from g2tr.benchmarks.judge_questions import Judged, JudgeQuestion
from g2tr.benchmarks.sample import Grades, Sample, limited
from g2tr.benchmarks.sources.dataset import Columns, Dataset
from g2tr.benchmarks.sources.own_rows import IMAGES, Chosen, OwnRow, OwnTable
from g2tr.errors import InputError
from g2tr.images import ImageSource
from g2tr.metrics.judgements import viescore
from g2tr.metrics.masked import masked_grades
from g2tr.metrics.perceptual import Perceptual

SEMANTICS = ("success", "overediting")
QUALITY = ("naturalness", "artifacts")
NEEDED: Columns = {"instruction": ("instruction", "prompt", "edit_prompt", "edit")}
OPTIONAL: Columns = {
    "image": (*IMAGES, "source_image", "source_img", "source_file_name", "input_image", "original_image", "source"),
    "target": ("target", "target_image", "target_img", "target_file_name", "edited_image", "output_image"),
    "mask": ("mask", "mask_image", "mask_img", "mask_file_name"),
    "id": ("id", "key", "index"),
    "category": ("category", "edit_type", "task_type", "task"),
}


@dataclass(frozen=True)
class OwnEdits(GradedEdits):
    """Edits of the table at `path` (see `OwnTable`), graded by pixels, by networks (`perceptual`) and by a judge.

    To a target: psnr, ssim, l1, l2. To the input: the same as `input_…`. With a mask, which shows where the picture is
    to change (`g2tr.metrics.masked`): `outside_…` to the input, and `inside_…` to the target. A judge gives VIEScore,
    within the limits of GEdit-Bench.
    """

    path: str | None = None
    images: str | None = None
    columns: Chosen = field(default_factory=dict)
    perceptual: Sequence[Perceptual] = field(default_factory=tuple)
    split: str | None = None
    config: str | None = None
    revision: str | None = None
    limit: int | None = None
    judge_max_side: int | None = None
    judge_max_tokens: int | None = 1400
    headline: ClassVar[tuple[str, ...]] = ("input_psnr", "input_ssim", "psnr", "ssim", "outside_psnr")
    has_targets: ClassVar[bool] = True
    scorer: ClassVar[str] = "edits-viescore-min"

    def samples(self) -> Sequence[Sample]:
        if self.path is None:
            raise InputError("name your table: benchmark.edits.path=FILE, a folder, or a hub id")
        dataset = Dataset(self.path, self.revision, self.config, self.split)
        rows = OwnTable(dataset, self.images, self.columns).rows(NEEDED, OPTIONAL)
        samples = [self.sample(row, number) for number, row in enumerate(rows)]
        check_ids([sample.id for sample in samples])
        return limited(samples, self.limit)

    def sample(self, row: OwnRow, number: int) -> Sample:
        """One edit; a row without an id is called by its number."""
        name = row.text("id") or f"{number:05}"
        target, mask = (next(iter(row.pictures(column)), None) for column in ("target", "mask"))
        place = (row.images(), row.needed("instruction"), target, row.text("category"))
        return Sample(name, *place, facts={"id": name}, mask=mask)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        grades = dict(super().grade(sample, prediction))
        if sample.mask is None or not isinstance(prediction, Image.Image):
            return grades
        mask = sample.mask.open()
        grades |= masked_grades(prediction, sample.images[0].open(), mask, inside=False)
        target = sample.target.open() if isinstance(sample.target, ImageSource) else None
        return grades | (masked_grades(prediction, target, mask, inside=True) if target else {})

    def layout(self, facts: Mapping[str, Any]) -> str:
        """Where an edit is written by `g2tr score export=FOLDER`."""
        return f"{facts['id']}.png"

    def input_layout(self, facts: Mapping[str, Any]) -> str | None:
        """Inputs are not written."""
        return None

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]:
        """VIEScore: two scores on semantics and two on quality, 0 to 10, as for GEdit-Bench."""
        words = {"instruction": sample.prompt}
        return [
            JudgeQuestion("edits.semantics", ("inputs", "edit"), SEMANTICS, 0, 10, words),
            JudgeQuestion("edits.quality", ("edit",), QUALITY, 0, 10, words),
        ]

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]:
        """Means of SC, PQ and O over the edits, and of O over each category."""
        graded = [
            (sample, viescore([scores[name] for name in SEMANTICS], [scores[name] for name in QUALITY]))
            for sample, scores in judged
        ]
        means = {name: fmean(scores[name] for _, scores in graded) for name in ("semantics", "quality", "overall")}
        groups = category_means([(sample, scores["overall"]) for sample, scores in graded if sample.category])
        return means | {f"overall/{category}": value for category, value in groups.items()}
