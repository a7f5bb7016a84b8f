"""A look at the averaged weights while they are trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import WandbLogger
from PIL import Image

from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.network import BagelNetwork
from g2tr.training.bagel_module import BagelModule
from g2tr.training.validation import Result, Validation


class ValidationCallback(Callback):
    """Every few steps: accuracy by category, edit success by type, and a sheet of edits."""

    def __init__(self, exam: Validation, every: int, folder: Path, model: Callable[[BagelNetwork], Bagel]) -> None:
        self.exam = exam
        self.every = every
        self.folder = folder
        self.model = model

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        assert isinstance(pl_module, BagelModule)
        if trainer.global_step % self.every == 0:
            result = self.exam(self.model(pl_module.averaged))
            self.show(trainer, result)

    def show(self, trainer: Trainer, result: Result) -> None:
        """Numbers to every logger, the sheet to the folder and to W&B."""
        sheet = stacked(result.sheet)
        self.folder.mkdir(parents=True, exist_ok=True)
        sheet.save(self.folder / f"step-{trainer.global_step:06d}.png")
        for logger in trainer.loggers:
            logger.log_metrics(result.numbers, trainer.global_step)
            if isinstance(logger, WandbLogger):
                logger.log_image("edits", [sheet], trainer.global_step)


def stacked(rows: list[Image.Image], gap: int = 8) -> Image.Image:
    """Pictures below each other, on white."""
    size = max(row.width for row in rows), sum(row.height + gap for row in rows) - gap
    sheet, top = Image.new("RGB", size, "white"), 0
    for row in rows:
        sheet.paste(row, (0, top))
        top += row.height + gap
    return sheet
