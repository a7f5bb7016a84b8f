"""Trains the embedded model from nothing: `texts`, `lessons` and `pieces` make batches, `losses` what is learned.

`part` and `pace` train a network by its `plan`; `autoencoder` and `umm` are the two; `export` writes them, `exam` looks
at what they can do, `command` runs it all.
"""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.training.batches import BatchSampler as BatchSampler
    from g2tr.training.batches import CropBatches as CropBatches
    from g2tr.training.losses import Dropping as Dropping
    from g2tr.training.losses import Flow as Flow
    from g2tr.training.recipe import Hardware as Hardware
    from g2tr.training.recipe import Recipe as Recipe
    from g2tr.training.schedule import Schedule as Schedule
    from g2tr.training.shape import Shape as Shape
    from g2tr.training.validation import Validation as Validation

EXPORTS = {
    "Dropping": "losses",
    "Validation": "validation",
    "Flow": "losses",
    "BatchSampler": "batches",
    "Hardware": "recipe",
    "CropBatches": "batches",
    "Schedule": "schedule",
    "Recipe": "recipe",
    "Shape": "shape",
}
__getattr__ = lazily(__name__, EXPORTS)
