"""Reducers in a row: one after the encoder, others between layers of the language model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from g2tr.errors import InputError
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK

QUERIES = ("native", "joint", "image_end", "deferred", "text_first")
POSITIONS = ("original", "compact")
KEEP_ALL = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0, name="none")


@runtime_checkable
class ReductionPlan(Protocol):
    """What a model asks of a reduction, be it one reducer or several."""

    @property
    def encoder(self) -> Reducer: ...

    @property
    def query(self) -> str: ...

    @property
    def evict_lower_layers(self) -> bool: ...

    @property
    def positions(self) -> str: ...

    def inside(self, layers: int) -> list[tuple[int, Reducer]]: ...


def query_on(plan: ReductionPlan, native: str) -> str:
    """The query of a plan on a model whose own is `native`. Raises `InputError` where the model cannot have it."""
    if plan.query == "joint" != native:
        raise InputError(
            "query=joint needs a causal model; this one reads an image before its question: "
            "use image_end, deferred or text_first"
        )
    return native if plan.query == "native" else plan.query


@dataclass(frozen=True)
class Cascade:
    """Reducers ordered by where they act; the names that a mapping gives its steps are for overrides alone.

    `query` says which row looks at the tokens of a step inside the language model, which matters where an image
    is prefilled before its question, as in BAGEL (baselines.md section 1):
    `joint`: the last row of the prompt, as published; images and question are prefilled in one pass, which needs a
    causal model; rows leave at once.
    `image_end`: the marker after the image, while the image is prefilled; rows leave at once.
    `deferred`: the last row of the question; the image is prefilled in full, then tokens leave the caches.
    `text_first`: as `image_end`, but the question is read before the image.
    `native`: what comes closest to the papers on the model at hand: `joint`, but `image_end` on BAGEL. A run logs it.
    With `evict_lower_layers` dropped tokens leave the caches of the layers below a step, too.
    `positions` of the rows that a step leaves and of those that follow, in the layers from the step on: `original`
    are those at which they were read (FastV), `compact` counts anew (PyramidDrop). What was cached before, as with
    `deferred`, stays where it is; a model whose tokens share one position has nothing to count.
    """

    steps: Sequence[Reducer] | Mapping[str, Reducer]
    query: str = "native"
    evict_lower_layers: bool = False
    positions: str = "original"
    keep_ratio: float = 0.5
    name: str = "cascade"

    def __post_init__(self) -> None:
        if self.query not in QUERIES:
            raise InputError(f"query must be one of {', '.join(QUERIES)}, got {self.query!r}")
        if self.positions not in POSITIONS:
            raise InputError(f"positions must be one of {', '.join(POSITIONS)}, got {self.positions!r}")
        layers = [step.at.layer for step in self.ordered]
        if not layers or layers != sorted(set(layers)):
            raise InputError(f"the steps of a cascade must act at rising layers, got {layers}")

    @property
    def ordered(self) -> Sequence[Reducer]:
        """The steps without their names."""
        return list(self.steps.values()) if isinstance(self.steps, Mapping) else self.steps

    @property
    def encoder(self) -> Reducer:
        """The step after the encoder; one that keeps everything where there is none."""
        first = self.ordered[0]
        return first if first.at.layer == 0 else KEEP_ALL

    def inside(self, layers: int) -> list[tuple[int, Reducer]]:
        """The other steps, each with its layer in a model of this many layers."""
        steps = [(step.at.resolve(layers), step) for step in self.ordered if step.at.layer > 0]
        if len({layer for layer, _ in steps}) < len(steps):
            found = [layer for layer, _ in steps]
            raise InputError(f"{self.name}: {layers} layers are too few for steps at {found}; give other depths")
        return steps


def unnamed(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a plan as a run folder holds them: the steps of a cascade in a row, without their names."""
    steps = settings.get("steps")
    return {**settings, "steps": list(steps.values())} if isinstance(steps, Mapping) else dict(settings)
