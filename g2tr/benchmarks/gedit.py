"""GEdit-Bench: users' edits in eleven groups, English and Chinese (arXiv 2504.17761; stepfun-ai/Step1X-Edit)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from g2tr.benchmarks.editing import PublishedEdits, category_means
from g2tr.benchmarks.judge_questions import Judged, JudgeQuestion
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.annotations import Annotation
from g2tr.metrics.judgements import viescore

SEMANTICS = ("success", "overediting")
QUALITY = ("naturalness", "artifacts")


@dataclass(frozen=True)
class GEditBench(PublishedEdits):
    """606 edits per language (`en`, `cn`; null for both); every edit has the seed 42, as BAGEL's script has.

    The model edits `input_image`, as BAGEL's and lmms-eval's scripts do, and `input_image_raw` where that is missing.
    The judge sees both pictures at full size and may reply with 1,400 tokens, as GPT-4.1 does in VIEScore
    (Step1X-Edit 570eba6, viescore/mllm_tools/openai.py).
    """

    language: str | None = "en"
    judge_max_side: int | None = None
    judge_max_tokens: int | None = 1400
    scorer: ClassVar[str] = "gedit-viescore-min"

    def sample(self, annotation: Annotation) -> Sample | None:
        language = annotation.text("instruction_language")
        if self.language not in (None, language):
            return None
        key, task = annotation.text("key"), annotation.text("task_type")
        intersection = annotation.flag("Intersection_exist")
        facts = {"key": key, "task_type": task, "language": language, "intersection": intersection}
        images, prompt = annotation.image("input_image", "input_image_raw"), annotation.text("instruction")
        return Sample(f"{language}-{key}", images, prompt, None, task, seed=42, facts=facts)

    def layout(self, facts: Mapping[str, Any]) -> str:
        return f"fullset/{facts['task_type']}/{facts['language']}/{facts['key']}.png"

    def input_layout(self, facts: Mapping[str, Any]) -> str:
        return self.layout(facts).removesuffix(".png") + "_SRCIMG.png"

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]:
        """VIEScore: two scores on semantics and two on quality, 0 to 10; the edit is shown at its input's size."""
        words = {"instruction": sample.prompt}
        return [
            JudgeQuestion("gedit.semantics", ("input", "edit"), SEMANTICS, 0, 10, words, fit=True),
            JudgeQuestion("gedit.quality", ("edit",), QUALITY, 0, 10, words, fit=True),
        ]

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]:
        """SC, PQ and O of each language: means over the groups of the groups' means; `…_intersection` likewise.

        As BAGEL's script averages, so a small group weighs as much as a large one.
        """
        found: dict[str, float] = {}
        for language in sorted({str(sample.facts["language"]) for sample, _ in judged}):
            own = [(sample, scores) for sample, scores in judged if sample.facts["language"] == language]
            found |= averages(own, f"/{language}")
            both = [(sample, scores) for sample, scores in own if sample.facts["intersection"]]
            found |= averages(both, f"_intersection/{language}") if both else {}
        return found


def averages(judged: Judged, suffix: str) -> dict[str, float]:
    """Semantics, quality and overall of these edits, and overall of each group."""
    graded = [
        (sample, viescore([scores[name] for name in SEMANTICS], [scores[name] for name in QUALITY]))
        for sample, scores in judged
    ]
    groups = {name: category_means([(s, g[name]) for s, g in graded]) for name in ("semantics", "quality", "overall")}
    means = {f"{name}{suffix}": fmean(group.values()) for name, group in groups.items()}
    return means | {f"overall{suffix}/{task}": value for task, value in groups["overall"].items()}
