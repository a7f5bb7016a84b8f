"""ImgEdit-Bench, basic part: nine types of edits (arXiv 2505.20275; PKU-YuanGroup/ImgEdit)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from g2tr.benchmarks.editing import PublishedEdits, category_means
from g2tr.benchmarks.judge_questions import Judged, JudgeQuestion
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.annotations import Annotation
from g2tr.errors import InputError
from g2tr.metrics.judgements import imgedit_score

TYPES = ("replace", "add", "adjust", "remove", "style", "action", "extract", "background", "compose")


@dataclass(frozen=True)
class ImgEditBench(PublishedEdits):
    """737 edits: {key: {id, prompt, edit_type}}, where `id` is the path of the image.

    The judge sees both pictures at full size, and its reply has no limit (ImgEdit 547185d, basic_bench.py).
    """

    judge_max_side: int | None = None
    judge_max_tokens: int | None = None
    files: ClassVar[tuple[str, ...]] = ("basic_edit.json", "singleturn.json")
    scorer: ClassVar[str] = "imgedit-mean3"

    def sample(self, annotation: Annotation) -> Sample:
        key, kind = annotation.text("key"), annotation.text("edit_type")
        if kind not in TYPES:
            raise InputError(f"{annotation.place}: edit_type must be one of {', '.join(TYPES)}, got {kind!r}")
        images, prompt = annotation.image("image", "input_image", "id"), annotation.text("prompt")
        return Sample(key, images, prompt, None, kind, facts={"key": key, "edit_type": kind})

    def layout(self, facts: Mapping[str, Any]) -> str:
        return f"{facts['key']}.png"

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]:
        """One question with three scores; each type has its own prompt."""
        words = {"instruction": sample.prompt}
        scores = ("compliance", "seamlessness", "fidelity")
        return [JudgeQuestion(f"imgedit.{sample.category}", ("inputs", "edit"), scores, words=words)]

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]:
        """The mean of each type; `overall` is the mean of the types, as leaderboards have it, `mean` of all edits."""
        values = [(sample, imgedit_score(scores)) for sample, scores in judged]
        types = category_means(values)
        means = {"overall": fmean(types.values()), "mean": fmean(value for _, value in values)}
        return means | {f"overall/{kind}": value for kind, value in types.items()}
