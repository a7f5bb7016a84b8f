from statistics import fmean

from g2tr.models.bagel.model import Bagel
from g2tr.scenes.dataset import generate
from g2tr.training.validation import Validation, answered
from g2tr.training.validation_callback import stacked


def test_the_embedded_model_passes_its_questions(bagel_tiny: Bagel) -> None:
    result = Validation(["v1"], seed=7, scenes=4, edits=2)(bagel_tiny)
    assert set(result.success) == {"v1 recolor", "v1 remove"}
    assert fmean(result.accuracy.values()) > 0.9
    assert 30 < result.decibels < 40
    assert result.numbers["accuracy/v1 bg"] == result.accuracy["v1 bg"]
    assert stacked(result.sheet).size == (3 * 224 + 16, 2 * 224 + 8)


def test_questions_about_two_images_are_answered(bagel_tiny: Bagel) -> None:
    rows = [row for row in generate("v2", 1, 4) if len(row["images"]) == 2][:2]
    found = list(answered(bagel_tiny, rows))
    assert [row["id"] for row, _ in found] == [row["id"] for row in rows]
