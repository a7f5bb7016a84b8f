"""Reduction between the layers of a language model: while an image is read, together with its question, or later.

Source: where the baselines of the paper act (baselines.md sections 1 and 3).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.engine.context import State, Waiting
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.layer_loop import Walk, dropped
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import Reduction

Decisions = Mapping[int, list[Reduction]]


def acts_inside(state: State[Any], plan: ReductionPlan, count: int) -> bool:
    """Whether steps of a plan inside the model drop any of an image's `count` tokens.

    Raises `InputError` where its steps do not go with its other settings, the model or the conversation so far.
    """
    steps = plan.inside(len(state.cache.layers))
    check_sizes(state, plan, bool(steps))
    query, uneven = state.query(plan), len(set(state.lengths)) > 1
    if steps and query == "deferred" and uneven:
        raise InputError("query=deferred reads all images before the first question")
    return any(step.budget(count) < count for _, step in steps)


def check_sizes(state: State[Any], plan: ReductionPlan, steps: bool) -> None:
    """Raises `InputError` where size-aware attention meets layers that differ in what they cache."""
    sized = bool(plan.encoder.size_alpha or state.cache.bias)
    if sized and (steps or state.waiting or len(set(state.lengths)) > 1):
        raise InputError("size_alpha works for reducers after the encoder, not with steps inside the model")


def wait(state: State[Any], waiting: Waiting, plan: ReductionPlan) -> None:
    """Leaves an image to the question that follows. Raises `InputError` where another waits by another plan."""
    if state.waiting and state.plan != plan:
        raise InputError("images that wait for the same question must be reduced by the same plan")
    state.waiting, state.plan = (*state.waiting, waiting), plan


def walk_images(
    state: State[Any],
    block: Block,
    images: Sequence[Waiting],
    plan: ReductionPlan,
    asking: int = 1,
    anew: bool = False,
    decided: Decisions | None = None,
) -> tuple[Walk, Decisions]:
    """Reads a block with images whose tokens grow fewer from layer to layer; the last `asking` rows are the question.

    `decided` are decisions to be taken over. With `anew` the layers from a step on count positions without the
    tokens that it dropped.
    """
    walk, decisions = Walk(state, block, asking, anew), dict(decided or {})
    for index, reducer in walk.stops(plan):
        if index not in decisions:
            decisions[index] = [reduce_rows(walk, index, image, reducer) for image in images]
        starts, inner = [image.start for image in images], decisions[index]
        if plan.evict_lower_layers:
            evict_rows(state, range(index), len(walk.here), gone(images, inner))
        walk.narrow(index, starts, inner)
        note(state, index, images, inner, plan.evict_lower_layers, read=False)
        images = shifted(images, inner)
    if anew:
        earlier, end = state.lag or (0,) * len(walk.ends), int(block.positions[-1])
        state.lag = tuple(lag + end - int(here) for lag, here in zip(earlier, walk.ends, strict=True))
    return walk, decisions


def reduce_rows(walk: Walk, index: int, image: Waiting, reducer: Reducer) -> Reduction:
    """Reduces an image among the rows of the block, which are the last that every cache has or will have."""
    count = len(walk.state.trace.views[image.view].kept)
    rows = slice(image.start, image.start + count)
    columns = slice(rows.start - len(walk.here), rows.stop - len(walk.here))
    here = replace(image, positions=walk.positions_at(index)[rows])
    return walk.reduce(reducer, index, here, columns, rows)


def walk_question(state: State[Any], block: Block, decided: Decisions | None = None) -> tuple[Walk, Decisions]:
    """Reads a text whose last row decides which tokens of the waiting images leave the caches, layer by layer.

    `decided` are the decisions of an earlier question, to be taken over.
    """
    walk, decisions, plan = Walk(state, block, len(block.positions)), dict(decided or {}), state.plan
    for index, reducer in walk.stops(plan):
        if index not in decisions:
            decisions[index] = [reduce_cached(walk, index, waiting, reducer) for waiting in state.waiting]
        evict_waiting(state, index, decisions[index])
    state.waiting = ()
    return walk, decisions


def settle(state: State[Any], decided: Decisions) -> None:
    """Takes from the caches what the question of another conversation decided about the same waiting images."""
    for index in sorted(decided):
        evict_waiting(state, index, decided[index])
    state.waiting = ()


def evict_waiting(state: State[Any], index: int, inner: Sequence[Reduction]) -> None:
    """Takes what a step dropped of the waiting images out of the caches from its layer on, or of all layers."""
    evict_lower_layers = state.plan.evict_lower_layers
    state.cache.evict(range(0 if evict_lower_layers else index, len(state.lengths)), gone(state.waiting, inner))
    note(state, index, state.waiting, inner, evict_lower_layers, read=True)
    state.waiting = shifted(state.waiting, inner)


def reduce_cached(walk: Walk, index: int, waiting: Waiting, reducer: Reducer) -> Reduction:
    """Reduces an image that is in the caches."""
    return walk.reduce(reducer, index, waiting, slice(waiting.start, waiting.start + len(waiting.positions)))


def gone(images: Sequence[Waiting], reductions: Sequence[Reduction]) -> Int[Tensor, " j"]:
    """The rows that leave."""
    pairs = zip(images, reductions, strict=True)
    return torch.cat([dropped(reduction) + image.start for image, reduction in pairs])


def evict_rows(state: State[Any], layers: range, count: int, rows: Int[Tensor, " j"]) -> None:
    """Takes rows of a block, the last `count` rows of these caches, out of them."""
    for layer in layers:
        state.cache.evict([layer], rows + state.cache.length(layer) - count)


def shifted(images: Sequence[Waiting], reductions: Sequence[Reduction]) -> tuple[Waiting, ...]:
    """The images where they are once the dropped tokens of all have left."""
    moved, earlier = [], 0
    for image, reduction in zip(images, reductions, strict=True):
        moved.append(replace(image, start=image.start - earlier, positions=image.positions[reduction.kept]))
        earlier += len(reduction.assignment) - len(reduction.kept)
    return tuple(moved)


def note(
    state: State[Any],
    index: int,
    images: Sequence[Waiting],
    reductions: Sequence[Reduction],
    evict_lower_layers: bool,
    read: bool,
) -> None:
    """Notes what is left of images from layer `index` on; `read` where all layers had read it all before."""
    views = list(state.trace.views)
    for image, reduction in zip(images, reductions, strict=True):
        change = views[image.view].evicted if read else views[image.view].within
        views[image.view] = change(reduction, index, evict_lower_layers)
    state.trace = replace(state.trace, views=tuple(views))
