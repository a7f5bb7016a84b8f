"""Times and memory of single calls, on a GPU or a CPU, each noted as a row; an error becomes a row, too."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import torch


@dataclass
class Row:
    """One measurement: median milliseconds, and how many times faster it is than `against`, measured and counted.

    `tflops` are 2 x multiply-accumulates; `off_percent` is by how much the measured ratio misses the counted one.
    """

    what: str
    ms: float | None = None
    fastest_ms: float | None = None
    slowest_ms: float | None = None
    peak_gib: float | None = None
    tflops: float | None = None
    against: str | None = None
    faster: float | None = None
    counted: float | None = None
    off_percent: float | None = None
    share_percent: float | None = None
    error: str | None = None


@dataclass
class Bench:
    """All rows by name; `budget` seconds after its start nothing new is begun. `store` is called after each group."""

    device: torch.device
    repeats: int
    budget: float
    start: float = field(default_factory=time.monotonic)
    rows: dict[str, Row] = field(default_factory=dict)
    store: Callable[[], None] = field(default=lambda: None)

    def time(self, what: str, call: Callable[[], object], **known: Any) -> Row:  # noqa: ANN401
        """Runs a call once to warm up and then `repeats` times, or three times where it takes over 0.2 seconds."""
        row = self.rows[what] = Row(what, **known)
        if time.monotonic() - self.start > self.budget:
            row.error = "no time left"
            return row
        try:
            slow = self.seconds(call) > 0.2
            if self.device.type == "cuda":
                torch.cuda.reset_peak_memory_stats(self.device)
            times = [self.seconds(call) for _ in range(min(self.repeats, 3) if slow else self.repeats)]
        except Exception as error:
            row.error = f"{type(error).__name__}: {error}".splitlines()[0][:300]
            return row
        row.ms, row.fastest_ms, row.slowest_ms = (1000 * pick(times) for pick in (median, min, max))
        if self.device.type == "cuda":
            row.peak_gib = torch.cuda.max_memory_allocated(self.device) / 2**30
        return row

    def compare(self, what: str, against: str) -> None:
        """Notes how many times faster a row is than another, and than it should be by the FLOPs of both."""
        row, other = self.rows[what], self.rows[against]
        if row.ms and other.ms:
            row.against, row.faster = against, other.ms / row.ms
            if row.tflops and other.tflops:
                row.counted = other.tflops / row.tflops
                row.off_percent = 100 * (row.faster / row.counted - 1)

    def share(self, what: str, of: str) -> None:
        """Notes which part of another row's time this one's is."""
        row, other = self.rows[what], self.rows[of]
        if row.ms and other.ms:
            row.share_percent = 100 * row.ms / other.ms

    def try_to(self, what: str, measure: Callable[[], None]) -> None:
        """A group of measurements; what breaks it is noted and does not stop the others."""
        try:
            measure()
        except Exception as error:
            self.rows[what] = Row(what, error=f"{type(error).__name__}: {error}".splitlines()[0][:300])
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self.store()

    def seconds(self, call: Callable[[], object]) -> float:
        """How long one call takes until its device is done."""
        self.settle()
        start = time.perf_counter()
        call()
        self.settle()
        return time.perf_counter() - start

    def settle(self) -> None:
        """Waits for what a GPU has yet to do."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def plain(self) -> list[dict[str, Any]]:
        """The rows as they are stored, numbers to four figures, without what does not apply."""
        return [
            {
                key: float(f"{value:.4g}") if type(value) is float else value
                for key, value in asdict(row).items()
                if value is not None
            }
            for row in self.rows.values()
        ]
