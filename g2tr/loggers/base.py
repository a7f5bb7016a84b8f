"""Where results go besides the run folder."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from omegaconf import DictConfig

from g2tr.evaluation.run_folder import Run

Log = Callable[[Run], None]


@runtime_checkable
class RunLogger(Protocol):
    """Opens before a job starts, is given its run, and closes even when the job fails."""

    def opened(self, cfg: DictConfig) -> AbstractContextManager[Log]: ...


@dataclass(frozen=True)
class Files:
    """Nothing beyond the run folder."""

    @contextmanager
    def opened(self, cfg: DictConfig) -> Iterator[Log]:
        yield lambda run: None
