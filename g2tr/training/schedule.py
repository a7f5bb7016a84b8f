"""How long a part is trained, and how fast it learns at each moment."""

import math
from dataclasses import dataclass

from g2tr.errors import InputError


@dataclass(frozen=True)
class Schedule:
    """AdamW at `rate` after a linear warm-up, falling by a cosine to zero at the end of the plan.

    The end is after `steps`, or after `minutes` of training where they are given and come first. `ema` is the decay
    of the averaged weights, `clip` the largest gradient norm. Raises `InputError` for a plan without an end.
    """

    steps: int
    rate: float
    minutes: float | None = None
    warmup: int = 100
    weight_decay: float = 0.01
    ema: float = 0.9995
    clip: float = 1.0

    def __post_init__(self) -> None:
        if self.steps < 1 or (self.minutes is not None and self.minutes <= 0):
            raise InputError(f"a plan needs at least one step and some time, got {self.steps} and {self.minutes} min")

    def progress(self, step: int, seconds: float) -> float:
        """The share of the plan that is done."""
        timed = 0.0 if self.minutes is None else seconds / (60 * self.minutes)
        return max(step / self.steps, timed)

    def rate_at(self, step: int, seconds: float) -> float:
        """The learning rate of the next step."""
        done = min(1.0, self.progress(step, seconds))
        return self.rate * min(1.0, (step + 1) / self.warmup) * 0.5 * (1 + math.cos(math.pi * done))
