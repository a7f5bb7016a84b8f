"""All that decides what comes out of a training run, and the machine, which should not."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from g2tr.errors import InputError
from g2tr.models.bagel.flow import Sampling
from g2tr.models.checkpoints.device import read_device
from g2tr.training.batches import BatchSampler, CropBatches
from g2tr.training.losses import Dropping, Flow
from g2tr.training.schedule import Schedule
from g2tr.training.shape import Shape
from g2tr.training.validation import Validation


@dataclass(frozen=True)
class Recipe:
    """Worlds, sizes, and for each part its plan and its batches.

    `check` is made every `check_every` steps while the unified model learns, `exam` once at the end; both sample edits
    with `sampling`. `kl` weighs the divergence of the latents. `start_from` is a checkpoint (`embedded`, a folder or a
    hub id) whose weights are taken where name and shape agree, words by their text.
    """

    name: str
    versions: Sequence[str]
    seed: int
    shape: Shape
    autoencoder: Schedule
    pictures: CropBatches
    kl: float
    umm: Schedule
    lessons: BatchSampler
    flow: Flow
    dropping: Dropping
    sampling: Sampling
    check: Validation
    check_every: int
    exam: Validation
    start_from: str | None = None


@dataclass(frozen=True)
class Hardware:
    """Where and how training runs.

    `workers` are processes that draw scenes, by default as many as there are cores to spare beside a GPU. `piece` is
    the number of minutes after which the command stops; `wandb` is online, offline or disabled.
    """

    device: str = "auto"
    workers: int | None = None
    compile: bool = False
    piece: float | None = None
    wandb: str = "disabled"
    log_every: int = 10

    def __post_init__(self) -> None:
        if self.wandb not in ("online", "offline", "disabled"):
            raise InputError(f"machine.wandb must be online, offline or disabled, got {self.wandb!r}")

    @property
    def place(self) -> torch.device:
        """The device. Raises `InputError` where it is not there."""
        return read_device(self.device)

    @property
    def painters(self) -> int:
        """Processes that draw scenes; none beside a CPU that has the model to train."""
        if self.workers is not None:
            return self.workers
        return max(1, (os.cpu_count() or 2) - 2) if self.place.type == "cuda" else 0
