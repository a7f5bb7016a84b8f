"""The contract of a model, the sizes that decide its cost, and what it reports about one sample."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

from PIL.Image import Image

from g2tr.models.calls import Picture, Pictures
from g2tr.models.engine.trace import Trace
from g2tr.models.shapes import ModelShape
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.tokens import Grid, VisualTokens

Output = TypeVar("Output")


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Output]):
    """What a model produced for one sample, and what it took; shared work is shared out evenly."""

    output: Output
    trace: Trace
    kv_bytes: int
    seconds: Mapping[str, float]


@runtime_checkable
class Model(Protocol):
    """A unified multimodal model. `settings` goes into every result."""

    name: str

    @property
    def settings(self) -> Mapping[str, object]: ...

    @property
    def shape(self) -> ModelShape: ...

    def vae_flops(self, size: Grid) -> int: ...

    def encode(self, image: Picture, requires: frozenset[type]) -> VisualTokens: ...

    def answers(
        self, images: Pictures, prompts: str | Sequence[str], reducer: ReductionPlan | None, max_tokens: int
    ) -> list[Outcome[str]]: ...

    def edit(self, images: Pictures, instruction: str, reducer: ReductionPlan | None, seed: int) -> Outcome[Image]: ...


@runtime_checkable
class Limited(Protocol):
    """A model that cannot do all that can be asked for, and says so before anything is predicted."""

    def require_able(self, plan: ReductionPlan, tasks: Collection[str]) -> None: ...
