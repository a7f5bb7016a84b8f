"""What both networks share while they are trained: optimiser, averaged weights, batches by number."""

import hashlib
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from lightning import LightningModule
from torch import nn
from torch.optim import AdamW
from torch.utils.data import DataLoader, Dataset, Sampler

from g2tr.train.average import Average
from g2tr.train.plan import Plan


@runtime_checkable
class Drawn(Protocol):
    """A batch whose images any device can paint."""

    def paint(self, device: torch.device) -> Any: ...  # noqa: ANN401 - a part knows its batches


Draw = Callable[[int], Drawn]


class Numbered(Dataset[Any]):
    """Batches by number, as a data set of torch."""

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def __getitem__(self, number: int) -> Any:  # noqa: ANN401 - a part knows its batches
        return self.draw(number)


class From(Sampler[int]):
    """Numbers from `start` to `stop`; without a length, so that Lightning does not count those of earlier pieces."""

    def __init__(self, start: int, stop: int) -> None:
        self.numbers = range(start, stop)

    def __iter__(self) -> Iterator[int]:
        return iter(self.numbers)


class Part(LightningModule):
    """Trains `network`; `average` is what comes out. Step n sees batch n and the chance of step n, always."""

    def __init__(self, network: nn.Module, plan: Plan, draw: Draw, seed: int, workers: int) -> None:
        super().__init__()
        self.network = network
        self.average = Average(network, plan.ema)
        self.plan = plan
        self.draw = draw
        self.seed = seed
        self.workers = workers

    def configure_optimizers(self) -> AdamW:
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        matrices, vectors = ([w for w in weights if (w.ndim > 1) is wide] for wide in (True, False))
        groups = [{"params": matrices, "weight_decay": self.plan.weight_decay}, {"params": vectors, "weight_decay": 0}]
        fused = self.device.type == "cuda"
        return AdamW(groups, lr=self.plan.rate, betas=(0.9, 0.95), fused=fused)

    def train_dataloader(self) -> DataLoader[Any]:
        """The batches that no piece before this one has seen."""
        numbers = From(self.trainer.global_step, self.plan.steps)
        return DataLoader(
            Numbered(self.draw),
            batch_size=None,
            sampler=numbers,
            num_workers=self.workers,
            pin_memory=self.device.type == "cuda",
            multiprocessing_context="spawn" if self.workers else None,
        )

    def transfer_batch_to_device(self, batch: Drawn, device: torch.device, dataloader_idx: int) -> Any:  # noqa: ANN401
        """Paints the batch where it is needed."""
        return batch.paint(device)

    def on_train_start(self) -> None:
        self.started = time.monotonic()

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Lightning's own arguments
        """The averaged weights move with every step, before anyone can look at them or write them down."""
        super().optimizer_step(*args, **kwargs)
        self.average.update(self.network, self.trainer.global_step + 1)

    def chance(self) -> torch.Generator:
        """The chance of this step, on this device."""
        text = f"{self.seed} {type(self).__name__} {self.trainer.global_step}"
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        return torch.Generator(self.device).manual_seed(int(digest[:12], 16))

    def note(self, images: int, **values: torch.Tensor) -> None:
        """Logs a step: its values, and images per second since the last one."""
        now = time.monotonic()
        speed, self.started = images / max(now - self.started, 1e-9), now
        self.log_dict({**values, "images/s": speed}, batch_size=images)
