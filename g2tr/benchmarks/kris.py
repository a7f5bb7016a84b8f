"""KRIS-Bench: edits by factual, conceptual or procedural knowledge (arXiv 2505.16707, mercurystraw/Kris_Bench)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, ClassVar

from g2tr.benchmarks.editing import PublishedEdits
from g2tr.benchmarks.judge_questions import Judged, JudgeQuestion, Label
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.annotations import Annotation
from g2tr.errors import InputError
from g2tr.metrics.judgements import kris_percents

DIMENSIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "attribute_perception": (
        "factual",
        ("count_change", "color_change", "size_adjustment", "part_completion", "anomaly_correction"),
    ),
    "spatial_perception": ("factual", ("viewpoint_change", "position_movement")),
    "temporal_prediction": ("factual", ("temporal_prediction",)),
    "social_science": ("conceptual", ("humanities", "practical_knowledge")),
    "natural_science": (
        "conceptual",
        ("biology", "chemistry", "geography", "medicine", "mathematics", "physics"),
    ),
    "logical_reasoning": ("procedural", ("abstract_reasoning", "rule-based_reasoning")),
    "instruction_decomposition": ("procedural", ("multi-element_composition", "multi-instruction_execution")),
}
FRAME = re.compile(r"\d+-(\d+)\.\w+$")
BY_TYPE = {kind: (dimension, level) for dimension, (level, kinds) in DIMENSIONS.items() for kind in kinds}
VARIANTS = {
    "viewpoint_change": "_viewpoint",
    "anomaly_correction": "_anomaly",
    "multi-element_composition": "_multi",
    "temporal_prediction": "_temporal",
}
SEVERAL = ("_multi", "_temporal")
Shown = tuple[str, Label]
KNOWLEDGE = ("social_science", "natural_science", "logical_reasoning")


@dataclass(frozen=True)
class KRISBench(PublishedEdits):
    """1,267 edits of 20 types in seven dimensions; the type is the name of an annotation's folder, or a column.

    The judge sees pictures at full size, each after a label, and may reply with 1,000 tokens (Kris_Bench 2114fec and
    BAGEL 056b5fd, metrics_*.py).
    """

    judge_max_side: int | None = None
    judge_max_tokens: int | None = 1000
    files: ClassVar[tuple[str, ...]] = ("*/annotation.json",)
    has_targets: ClassVar[bool] = True
    scorer: ClassVar[str] = "krisbench-bagel-summarize"

    def sample(self, annotation: Annotation) -> Sample:
        kind = annotation.optional("category") or annotation.optional("type") or annotation.file.parent.name
        if kind not in BY_TYPE:
            raise InputError(f"{annotation.place}: {kind!r} is none of the types {', '.join(BY_TYPE)}")
        index = annotation.text("image_id", "id", "key")
        dimension, level = BY_TYPE[kind]
        frame = FRAME.search(str(annotation.cells.get("gt_img"))) if kind == "temporal_prediction" else None
        facts = {
            "type": kind,
            "image_id": index,
            "level": level,
            "explanation": annotation.optional("explain_en"),
            "frame": frame[1] if frame else "",
        }
        images, prompt = annotation.image("ori_images", "ori_img"), annotation.text("ins_en")
        target = next(iter(annotation.images("gt_image", "gt_img")), None)
        return Sample(f"{kind}-{index}", images, prompt, target, dimension, facts=facts)

    def layout(self, facts: Mapping[str, Any]) -> str:
        return f"{facts['type']}/{facts['image_id']}.jpg"

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]:
        """Consistency, instruction (with knowledge, where the dimension has it) and quality, as metrics_*.py ask.

        A change of viewpoint is shown beside its target, and a frame at its place among the frames that are given.
        """
        variant, frame = VARIANTS.get(sample.facts["type"], ""), frames(sample)[-1]
        words = {"instruction": sample.prompt, "reference": sample.facts["explanation"], "frame": str(frame)}
        with_knowledge = sample.category in KNOWLEDGE
        name = "knowledge" if with_knowledge else f"instruction{variant}"
        scores = ("instruction", "knowledge") if with_knowledge else ("instruction",)
        consistency = f"consistency{variant if variant in SEVERAL else ''}"
        pair, edit = shown(sample, variant), "label_alone" if variant in SEVERAL else "label_edit"
        truth = [("target", Label("kris.label_target"))] if variant == "_viewpoint" and sample.target else []
        return [
            inquiry(consistency, ("consistency",), pair, words),
            inquiry(name, scores, [*pair, *truth], words),
            inquiry("quality", ("quality",), [("edit", Label(f"kris.{edit}"))], words),
        ]

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]:
        """Averages of all single scores, 0 to 100: overall, of each level of knowledge, of each dimension."""
        groups: dict[str, list[float]] = {"overall": []}
        for sample, scores in judged:
            for group in ("overall", f"level/{sample.facts['level']}", f"dimension/{sample.category}"):
                groups.setdefault(group, []).extend(kris_percents(scores))
        return {name: fmean(values) for name, values in groups.items()}


def inquiry(name: str, scores: tuple[str, ...], pictures: Sequence[Shown], words: Mapping[str, str]) -> JudgeQuestion:
    """A question about pictures, each with its label."""
    shows, labels = zip(*pictures, strict=True)
    return JudgeQuestion(f"kris.{name}", shows, scores, words=words, labels=labels)


def shown(sample: Sample, variant: str) -> list[Shown]:
    """The given pictures and the edit with their labels: references before it, frames around it, or the input."""
    if variant not in SEVERAL:
        return [("input", Label("kris.label_input")), ("edit", Label("kris.label_edit"))]
    names = [f"input:{i}" for i in range(len(sample.images))]
    if variant == "_multi":
        references = [(name, Label("kris.label_reference", i)) for i, name in enumerate(names, 1)]
        return [*references, ("edit", Label("kris.label_result"))]
    *numbers, frame = frames(sample)
    given = [(name, Label("kris.label_frame", number)) for name, number in zip(names, numbers, strict=True)]
    return sorted([*given, ("edit", Label("kris.label_frame_generated", frame))], key=lambda each: each[1].number)


def frames(sample: Sample) -> list[int]:
    """The numbers of the given frames, and last that of the edit.

    As file names state them (`7-2.png` is frame 2); the edit is the one of four that is not given, else the next
    (metrics_temporal_prediction.py). Without file names the target's name, or the next number, decides.
    """
    paths = [image.content for image in sample.images if isinstance(image.content, Path)]
    given = [int(found[1]) for path in paths if (found := FRAME.search(path.name))]
    if len(given) == len(sample.images):
        missing = {1, 2, 3, 4} - set(given)
        return [*given, missing.pop() if len(missing) == 1 else max(given) + 1]
    count = len(sample.images) + 1
    frame = int(sample.facts["frame"] or count)
    return [*[number for number in range(1, count + 1) if number != frame][: count - 1], frame]
