"""The contract of a model, the sizes that decide its cost, and what it reports about one sample."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from PIL.Image import Image

from g2tr.models.calls import Picture, Pictures
from g2tr.models.trace import Trace
from g2tr.reducers.cascade import Plan
from g2tr.reducers.tokens import Grid, VisualTokens

Output = TypeVar("Output")


@dataclass
class Clock:
    """Seconds spent in each phase; on a GPU it waits for the kernels of the phase to end."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Times the body as part of phase `name`."""
        start = moment()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + moment() - start


def moment() -> float:
    """Now, after all queued GPU work."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of a transformer that decide its cost: d width, h heads, g key heads, e head width, m MLP width.

    `gated` MLPs have three matrices, plain ones two; `kv_itemsize` is bytes per cached number.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    gated: bool = True
    kv_itemsize: int = 2


@dataclass(frozen=True)
class ModelShape:
    """Language model and vision tower; `vit_inputs` is what one patch embedding multiplies, `connector` its widths.

    The tower reads `token_patches` patches for every visual token, and `vit_extra` rows beside them. To note its
    attention, `listened_projections` of the queries and keys are made a second time.
    """

    language: DecoderShape
    vision: DecoderShape
    vit_inputs: int
    connector: tuple[int, ...]
    token_patches: int = 1
    vit_extra: int = 0
    listened_projections: int = 0


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

    def encode(self, image: Picture, reads: frozenset[type]) -> VisualTokens: ...

    def answers(
        self, images: Pictures, prompts: str | Sequence[str], reducer: Plan | None, max_tokens: int
    ) -> list[Outcome[str]]: ...

    def edit(self, images: Pictures, instruction: str, reducer: Plan | None, seed: int) -> Outcome[Image]: ...
