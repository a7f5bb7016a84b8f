"""Keeps a part to its plan, through kills and pieces, and says how fast it goes."""

import logging
import time
from pathlib import Path
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from g2tr.training.schedule import Schedule

log = logging.getLogger(__name__)
KEEP_SECONDS = 60.0
SAY_SECONDS = 15.0


class ScheduleCallback(Callback):
    """Sets the learning rate, counts the time that was trained, stops at the end of the plan or at a deadline.

    The checkpoint is written every minute and when training stops; `deadline` is a value of `time.monotonic`.
    """

    def __init__(self, plan: Schedule, checkpoint: Path, deadline: float) -> None:
        self.plan = plan
        self.checkpoint = checkpoint
        self.deadline = deadline
        self.seconds = 0.0

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds = state_dict["seconds"]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.last = self.kept = self.told = time.monotonic()
        self.waited = 0.0
        self.first = trainer.global_step

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:  # noqa: ANN401
        self.waited += time.monotonic() - self.last
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.plan.rate_at(trainer.global_step, self.seconds)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        now = time.monotonic()
        self.seconds, self.last = self.seconds + now - self.last, now
        done = self.plan.progress(trainer.global_step, self.seconds)
        pl_module.log("done", min(1.0, done))
        trainer.should_stop = done >= 1 or now >= self.deadline
        if now - self.told > SAY_SECONDS or trainer.should_stop:
            self.say(trainer, done, max(now - self.told, 1e-9))
            self.told, self.waited, self.first = now, 0.0, trainer.global_step
        if now - self.kept > KEEP_SECONDS:
            trainer.save_checkpoint(self.checkpoint)
            self.kept = now

    def say(self, trainer: Trainer, done: float, seconds: float) -> None:
        """One line: how far, how fast, the share of time that was spent without a batch, and what was logged last."""
        speed, losses = (trainer.global_step - self.first) / seconds, trainer.callback_metrics
        values = ", ".join(f"{name} {float(value):.4g}" for name, value in losses.items() if name != "done")
        waited = 100 * self.waited / seconds
        log.info(
            "%.0f %% done, step %d, %.2f steps/s, %.0f %% waiting for data, %s",
            100 * done,
            trainer.global_step,
            speed,
            waited,
            values,
        )

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.save_checkpoint(self.checkpoint)

    def finished(self, trainer: Trainer) -> bool:
        """Whether the plan is done."""
        return self.plan.progress(trainer.global_step, self.seconds) >= 1
