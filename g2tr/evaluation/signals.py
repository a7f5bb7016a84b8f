"""A polite end: SIGTERM and Ctrl-C let the samples in hand finish, and the same command goes on from there."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from g2tr.errors import Stopped


class StopOnSignal(Callback):
    """Ends a prediction after the group in hand once SIGTERM or SIGINT has come; a second SIGINT ends it at once."""

    def __init__(self) -> None:
        self.asked = 0

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Notes the signal while the body runs; Lightning keeps a handler that it finds. Main thread only."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.ask) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def ask(self, number: int, frame: FrameType | None) -> None:
        """The handler."""
        if number == self.asked == signal.SIGINT:
            raise Stopped(number)
        self.asked = number

    def on_predict_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        if self.asked:
            raise Stopped(self.asked)
