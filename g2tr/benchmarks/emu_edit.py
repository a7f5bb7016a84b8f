"""Emu-Edit test set: edits without targets, graded by their inputs (arXiv 2311.10089, facebook/emu_edit_test_set)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from PIL import Image

from g2tr.benchmarks.editing import PublishedEdits
from g2tr.benchmarks.sample import Grades, Sample
from g2tr.benchmarks.sources.annotations import Annotation
from g2tr.metrics.captions import ClipCaptions


@dataclass(frozen=True)
class EmuEdit(PublishedEdits):
    """Official, without a judge: `input_l1`; DINO and CLIP-im by `perceptual`; CLIP-out and CLIP-dir by `captions`."""

    captions: ClipCaptions | None = None

    headline: ClassVar[tuple[str, ...]] = ("input_psnr", "input_ssim", "input_l1")

    def sample(self, annotation: Annotation) -> Sample:
        index, task = annotation.text("idx"), annotation.text("task")
        captions = {name: annotation.optional(name) for name in ("input_caption", "output_caption")}
        images, prompt = annotation.image("image"), annotation.text("instruction")
        return Sample(index, images, prompt, None, task, facts={"idx": index, "task": task} | captions)

    def grade(self, sample: Sample, prediction: str | Image.Image) -> Grades:
        grades = super().grade(sample, prediction)
        before, after = (str(sample.facts[name]) for name in ("input_caption", "output_caption"))
        if self.captions is None or not isinstance(prediction, Image.Image) or not (before and after):
            return grades
        return {**grades, **self.captions(sample.images[0].open(), prediction, before, after)}

    def layout(self, facts: Mapping[str, Any]) -> str:
        return f"{facts['idx']}.png"
