"""Runs Lightning's Trainer over one part, from where the last piece stopped."""

import pickle
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

from lightning import Trainer
from lightning.pytorch.callbacks import Callback, RichProgressBar
from lightning.pytorch.loggers import CSVLogger, Logger, WandbLogger

from g2tr.errors import InputError
from g2tr.training.callbacks import ScheduleCallback
from g2tr.training.module import TrainingModule
from g2tr.training.recipe import Hardware

CHECKPOINT = "last.ckpt"


def fit(
    part: TrainingModule, folder: Path, machine: Hardware, deadline: float, callbacks: Sequence[Callback] = ()
) -> bool:
    """Trains until the plan is done or the deadline is there; says whether the plan is done.

    A checkpoint may hold tensors and plain values alone: raises `InputError` for one that would run code.
    """
    checkpoint = folder / CHECKPOINT
    pace = ScheduleCallback(part.plan, checkpoint, deadline)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", module="torch")
        trainer = Trainer(
            accelerator="gpu" if machine.place.type == "cuda" else "cpu",
            devices=1,
            precision="bf16-mixed" if machine.place.type == "cuda" else "32-true",
            max_steps=part.plan.steps,
            callbacks=[pace, *callbacks, *progress_bar()],
            logger=loggers(folder, machine),
            log_every_n_steps=machine.log_every,
            gradient_clip_val=part.plan.clip,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=sys.stdout.isatty(),
            use_distributed_sampler=False,
        )
        try:
            trainer.fit(part, ckpt_path=checkpoint if checkpoint.is_file() else None, weights_only=True)
        except pickle.UnpicklingError:
            close(trainer.loggers, exit_code=1)
            raise InputError(f"{checkpoint} is damaged, or holds more than weights; remove it to start anew") from None
        except BaseException:
            close(trainer.loggers, exit_code=1)
            raise
    close(trainer.loggers, exit_code=0)
    return pace.finished(trainer)


def progress_bar() -> list[Callback]:
    """A bar on a terminal. It reads every loss at every step, which a GPU would have to wait for."""
    return [RichProgressBar(leave=False)] if sys.stdout.isatty() else []


def loggers(folder: Path, machine: Hardware) -> list[Logger]:
    """A table for each piece in the run folder, and W&B where it is wanted."""
    files: list[Logger] = [CSVLogger(folder, name="log")]
    if machine.wandb == "disabled":
        return files
    try:
        run = f"{folder.parent.name}-{folder.name}"
        online = WandbLogger(project="g2tr", name=run, id=run, save_dir=folder, mode=machine.wandb, resume="allow")
    except ModuleNotFoundError:
        raise InputError("machine.wandb needs the package wandb: pip install 'g2tr[wandb]'") from None
    return [*files, online]


def close(loggers: Sequence[Logger], exit_code: int) -> None:
    """Ends the W&B run of a part, so that the next part gets its own."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            logger.experiment.finish(exit_code=exit_code)


def deadline_of(machine: Hardware) -> float:
    """When this piece has to stop, as a value of `time.monotonic`."""
    return float("inf") if machine.piece is None else time.monotonic() + 60 * machine.piece
