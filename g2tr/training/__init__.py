"""Trains the embedded model from nothing: `texts`, `lessons` and `pieces` make batches, `losses` what is learned.

`part` and `pace` train a network by its `plan`; `autoencoder` and `umm` are the two; `export` writes them, `exam` looks
at what they can do, `command` runs it all.
"""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.training.batches import Lessons as Lessons
    from g2tr.training.batches import Pictures as Pictures
    from g2tr.training.losses import Dropping as Dropping
    from g2tr.training.losses import Flow as Flow
    from g2tr.training.recipe import Machine as Machine
    from g2tr.training.recipe import Recipe as Recipe
    from g2tr.training.schedule import Plan as Plan
    from g2tr.training.shape import Shape as Shape
    from g2tr.training.validation import Exam as Exam

EXPORTS = {
    "Dropping": "losses",
    "Exam": "validation",
    "Flow": "losses",
    "Lessons": "batches",
    "Machine": "recipe",
    "Pictures": "batches",
    "Plan": "schedule",
    "Recipe": "recipe",
    "Shape": "shape",
}
__getattr__ = lazily(__name__, EXPORTS)
