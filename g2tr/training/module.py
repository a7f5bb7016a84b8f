"""What both networks share while they are trained: optimiser, averaged weights, batches by number."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from lightning import LightningModule
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset, Sampler

from g2tr.training.ema import EMA
from g2tr.training.schedule import Schedule


@runtime_checkable
class Batch(Protocol):
    """What a step learns from."""

    def split(self, pieces: int) -> Sequence[Any]: ...


@runtime_checkable
class Drawn(Protocol):
    """A batch whose images any device can paint."""

    def paint(self, device: torch.device) -> Batch: ...


Draw = Callable[[int], Drawn]


class BatchDataset(Dataset[Any]):
    """Drawings by number, as a data set of torch."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def __getitem__(self, number: int) -> Any:  # noqa: ANN401 - a part knows its batches
        return self.draw(number)


class ResumableSampler(Sampler[int]):
    """Numbers from `start` to `stop`; without a length, so that Lightning does not count those of earlier pieces."""

    def __init__(self, start: int, stop: int) -> None:
        self.numbers = range(start, stop)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


@dataclass(frozen=True)
class PaintedBatches:
    """Drawings painted on a device, each cut into `pieces` batches, the first `skip` of which are left out.

    Painting takes as many kernels for few pictures as for many, and a GPU waits for each.
    """

    drawings: DataLoader[Any]
    device: torch.device
    pieces: int
    skip: int

    def __iter__(self) -> Iterator[Any]:
        skip = self.skip
        for drawn in self.drawings:
            yield from drawn.paint(self.device).split(self.pieces)[skip:]
            skip = 0


class TrainingModule(LightningModule):
    """Trains `network`; `average` is what comes out. Step n sees batch n and the chance of step n, always.

    One drawing makes `pieces` batches; `stream` names the random numbers of the steps.
    """

    stream: ClassVar[str]

    def __init__(
        self, network: nn.Module, plan: Schedule, draw: Draw, seed: int, workers: int, pieces: int = 1
    ) -> None:
        super().__init__()
        self.network = network
        self.average = EMA(network, plan.ema)
        self.plan = plan
        self.draw = draw
        self.seed = seed
        self.workers = workers
        self.pieces = pieces

    def configure_optimizers(self) -> AdamW:
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        matrices, vectors = ([w for w in weights if (w.ndim > 1) is wide] for wide in (True, False))
        groups = [{"params": matrices, "weight_decay": self.plan.weight_decay}, {"params": vectors, "weight_decay": 0}]
        return AdamW(groups, lr=self.plan.rate, betas=(0.9, 0.95))

    def train_dataloader(self) -> PaintedBatches:
        """The batches that no run before this one has seen."""
        first, skip = divmod(self.trainer.global_step, self.pieces)
        numbers = ResumableSampler(first, -(-self.plan.steps // self.pieces))
        drawings = DataLoader(
            BatchDataset(self.draw),
            batch_size=None,
            sampler=numbers,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            multiprocessing_context="spawn" if self.workers else None,
        )
        return PaintedBatches(drawings, self.device, self.pieces, skip)

    def on_train_start(self) -> None:
        self.started = time.monotonic()

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's own arguments
        """The averaged weights move with every step, before anyone can look at them or write them down."""
        super().optimizer_step(*args, **kwargs)
        self.average.update(self.network, self.trainer.global_step + 1)

    def step_generator(self) -> torch.Generator:
        """The chance of this step, on this device."""
        text = f"{self.seed} {self.stream} {self.trainer.global_step}"
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        return torch.Generator(self.device).manual_seed(int(digest[:12], 16))

    def log_step(self, images: int, **values: torch.Tensor) -> None:
        """Logs a step: its values, and images per second since the last one."""
        now = time.monotonic()
        speed, self.started = images / max(now - self.started, 1e-9), now
        self.log_dict({**values, "images/s": speed}, batch_size=images)
