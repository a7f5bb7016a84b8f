"""RISEBench: edits by temporal, causal, spatial or logical reasoning (arXiv 2504.02826, PhoenixZ810/RISEBench)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, ClassVar

from g2tr.benchmarks.editing import PublishedEdits, category_means
from g2tr.benchmarks.judge_questions import Judged, JudgeQuestion
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.annotations import Annotation
from g2tr.errors import InputError
from g2tr.metrics.judgements import LOGICAL, percent, rise_accuracy, rise_score

SPATIAL = "spatial_reasoning"
CATEGORIES = ("temporal_reasoning", "causal_reasoning", SPATIAL, LOGICAL)
TEXTS = ("index", "category", "subtask", "reference", "reference_txt")
FLAGS = ("consistency_free", "reasoning_img", "reasoning_wo_ins")


@dataclass(frozen=True)
class RISEBench(PublishedEdits):
    """360 edits (or the 64 of the repository); a reference picture, where there is one, is for the judge alone.

    What the judge sees follows `eval_vanilla` of gpt_eval.py: the reference picture of a spatial or logical task
    takes the place of the input, logical tasks are judged 0 or 1 and have no quality, and consistency is left out
    where the annotation frees a task from it. No side of a picture is longer than 768 pixels, and a reply may have
    4,096 tokens (RISEBench 5f22651, gpt_eval.py, gpt_generate).
    """

    judge_max_side: int | None = 768
    judge_max_tokens: int | None = 4096
    files: ClassVar[tuple[str, ...]] = ("datav2_total_w_subtask.json", "data_total.json")
    scorer: ClassVar[str] = "risebench-5f22651"

    def sample(self, annotation: Annotation) -> Sample:
        index, category = annotation.text("index"), annotation.text("category")
        if category not in CATEGORIES:
            raise InputError(f"{annotation.place}: category must be one of {', '.join(CATEGORIES)}, got {category!r}")
        facts: dict[str, Any] = {name: text for name in TEXTS if (text := annotation.optional(name))}
        facts |= {name: True for name in FLAGS if annotation.flag(name)}
        images, prompt = annotation.image("image"), annotation.text("instruction")
        reference = next(iter(annotation.images("reference_img")), None)
        return Sample(index, images, prompt, reference, category, facts=facts)

    def layout(self, facts: Mapping[str, Any]) -> str:
        return f"images/{facts['category']}/{facts['index']}.png"

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]:
        return logical(sample) if sample.category == LOGICAL else graded(sample)

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]:
        """All in percent, over all tasks and over each category, as the official script has them and as its rules say.

        `accuracy` and `score` are the numbers of gpt_eval.py (`main`): an edit whose scores were not all read is not
        accurate, and leaves the mean of the score; where any task is free of consistency, the script weighs reasoning
        0.8 and quality 0.2 in every task but logical ones, since a flag that pandas finds missing counts as set.
        `judged_accuracy` and `task_score` are over the edits whose scores were all read, each with the weights of its
        own task.
        """
        tasks = [*(sample for sample, _ in judged), *unread]
        free = any("consistency_free" in sample.facts for sample in tasks)
        right = [(sample, 100 * rise_accuracy(sample.category, scores)) for sample, scores in judged]
        official, own = (
            [(sample, percent(rise_score(sample.category, scores, flag))) for sample, scores in judged]
            for flag in (free, False)
        )
        columns = {"accuracy": [*right, *((sample, 0.0) for sample in unread)], "score": official}
        return overall(columns | {"judged_accuracy": right, "task_score": own})


def overall(columns: Mapping[str, Sequence[tuple[Sample, float]]]) -> dict[str, float]:
    """The mean of each number, and its means over each category."""
    found: dict[str, float] = {}
    for name, values in columns.items():
        found[name] = fmean(value for _, value in values)
        found |= {f"{name}/{category}": value for category, value in category_means(values).items()}
    return found


def graded(sample: Sample) -> list[JudgeQuestion]:
    """Temporal, causal and spatial tasks: consistency, reasoning and quality, 1 to 5."""
    facts, is_spatial = sample.facts, sample.category == SPATIAL
    group = "risebench_spatial" if is_spatial else "risebench"
    by_reference = is_spatial and sample.target is not None
    source = "target" if by_reference else "inputs"
    words = {"instruction": sample.prompt, "reference": str(facts.get("reference", ""))}
    variant = "_with_reference" if by_reference else "_with_input" if "reasoning_img" in facts else ""
    shown = (source, "edit") if variant else ("edit",)
    asked = [
        JudgeQuestion(f"{group}.reasoning{variant}", shown, ("reasoning",), words=words),
        JudgeQuestion(f"{group}.quality", ("edit",), ("quality",), words=words),
    ]
    if "consistency_free" in facts:
        return asked
    return [JudgeQuestion(f"{group}.consistency", (source, "edit"), ("consistency",), words=words), *asked]


def logical(sample: Sample) -> list[JudgeQuestion]:
    """Logical tasks: consistency and reasoning, 0 or 1, by a reference text, else by a reference picture."""
    text = str(sample.facts.get("reference_txt", ""))
    words = {"instruction": sample.prompt, "reference": text or str(sample.facts.get("reference", ""))}
    by_reference = sample.target is not None and not text
    source = "target" if by_reference else "inputs"
    alone = "_without_question" if "reasoning_wo_ins" in sample.facts else ""
    reasoning = f"reasoning_with_reference{alone}" if by_reference else "reasoning"
    consistency = "consistency_with_answer" if text else "consistency"
    shown = (source, "edit") if by_reference else ("edit",)
    return [
        JudgeQuestion(f"risebench_logical.{consistency}", (source, "edit"), ("consistency",), 0, 1, words),
        JudgeQuestion(f"risebench_logical.{reasoning}", shown, ("reasoning",), 0, 1, words),
    ]
