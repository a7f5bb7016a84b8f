"""KRIS-Bench: edits by factual, conceptual or procedural knowledge (arXiv 2505.16707, mercurystraw/Kris_Bench)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from g2tr.benchmarks.annotations import Annotation
from g2tr.benchmarks.edits import PublishedEdits
from g2tr.benchmarks.inquiry import Inquiry, Judged
from g2tr.benchmarks.sample import Sample
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
KNOWLEDGE = ("social_science", "natural_science", "logical_reasoning")


@dataclass(frozen=True)
class KRISBench(PublishedEdits):
    """1,267 edits of 20 types in seven dimensions; the type is the name of an annotation's folder, or a column."""

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

    def inquiries(self, sample: Sample) -> Sequence[Inquiry]:
        """Consistency, instruction (with knowledge, where the dimension has it) and quality, as metrics_*.py ask.

        A change of viewpoint is shown beside its target.
        """
        facts, variant = sample.facts, VARIANTS.get(sample.facts["type"], "")
        words = {"instruction": sample.prompt, "reference": facts["explanation"], "frame": facts["frame"]}
        with_knowledge = sample.category in KNOWLEDGE
        name = "knowledge" if with_knowledge else f"instruction{variant}"
        scores = ("instruction", "knowledge") if with_knowledge else ("instruction",)
        source = "inputs" if variant in SEVERAL else "input"
        shown = (source, "edit", "target") if variant == "_viewpoint" else (source, "edit")
        consistency = f"consistency{variant if variant in SEVERAL else ''}"
        return [
            Inquiry(f"kris.{consistency}", (source, "edit"), ("consistency",), words=words),
            Inquiry(f"kris.{name}", shown, scores, words=words),
            Inquiry("kris.quality", ("edit",), ("quality",), words=words),
        ]

    def conclude(self, judged: Judged) -> dict[str, float]:
        """Averages of all single scores, 0 to 100: overall, of each level of knowledge, of each dimension."""
        groups: dict[str, list[float]] = {"overall": []}
        for sample, scores in judged:
            for group in ("overall", f"level/{sample.facts['level']}", f"dimension/{sample.category}"):
                groups.setdefault(group, []).extend(kris_percents(scores))
        return {name: fmean(values) for name, values in groups.items()}
