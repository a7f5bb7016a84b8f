"""The embedded benchmark for lmms-eval: images, and the grades of answers and edits."""

import json
from typing import Any

from PIL import Image

from g2tr.metrics.answers import exact_match
from g2tr.metrics.editing import edit_grades


def doc_to_visual(doc: dict[str, Any]) -> list[Image.Image]:
    """The image of a question or edit."""
    return [doc["image"]]


def first_yes_no(docs: Any) -> Any:  # noqa: ANN401 - a data set of Hugging Face
    """The first twelve questions that are answered with yes or no."""
    return docs.filter(lambda answer: answer in ("yes", "no"), input_columns="answer").select(range(12))


def grade_answer(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """1 for the exact answer."""
    return {"accuracy": exact_match(results[0], doc["answer"])}


def grade_edit(doc: dict[str, Any], results: list[str]) -> dict[str, float]:
    """Success and PSNR of the first image that the answer names."""
    with Image.open(json.loads(results[0])["images"][0]) as edit:
        grades = edit_grades(edit, doc["image"], doc["target"])
    return {name: grades[name] for name in ("success", "psnr")}
