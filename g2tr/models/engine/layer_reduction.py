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
from g2tr.models.engine.context import PendingImage, State
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.layer_loop import LayerwisePrefill, dropped
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
    if sized and (steps or state.pending or len(set(state.lengths)) > 1):
        raise InputError("size_alpha works for reducers after the encoder, not with steps inside the model")


def defer(state: State[Any], pending: PendingImage, plan: ReductionPlan) -> None:
    """Leaves an image to the question that follows. Raises `InputError` where another waits by another plan."""
    if state.pending and state.plan != plan:
        raise InputError("images that wait for the same question must be reduced by the same plan")
    state.pending, state.plan = (*state.pending, pending), plan


def prefill_images(
    state: State[Any],
    block: Block,
    images: Sequence[PendingImage],
    plan: ReductionPlan,
    question_rows: int = 1,
    renumber: bool = False,
    decided: Decisions | None = None,
) -> tuple[LayerwisePrefill, Decisions]:
    """Reads a block with images whose tokens grow fewer from layer to layer.

    The last `question_rows` rows are the question.
    `decided` are decisions to be taken over. With `renumber` the layers from a step on count positions without the
    tokens that it dropped.
    """
    prefill_pass, decisions = LayerwisePrefill(state, block, question_rows, renumber), dict(decided or {})
    for index, reducer in prefill_pass.layers_with_steps(plan):
        if index not in decisions:
            decisions[index] = [reduce_rows(prefill_pass, index, image, reducer) for image in images]
        starts, inner = [image.start for image in images], decisions[index]
        if plan.evict_lower_layers:
            evict_rows(state, range(index), len(prefill_pass.hidden), dropped_rows(images, inner))
        prefill_pass.drop_rows(index, starts, inner)
        record_reduction(state, index, images, inner, plan.evict_lower_layers, read=False)
        images = shift_rows(images, inner)
    if renumber:
        earlier, end = state.position_offsets or (0,) * len(prefill_pass.ends), int(block.positions[-1])
        state.position_offsets = tuple(
            position_offsets + end - int(here)
            for position_offsets, here in zip(earlier, prefill_pass.ends, strict=True)
        )
    return prefill_pass, decisions


def reduce_rows(prefill_pass: LayerwisePrefill, index: int, image: PendingImage, reducer: Reducer) -> Reduction:
    """Reduces an image among the rows of the block, which are the last that every cache has or will have."""
    count = len(prefill_pass.state.trace.views[image.view].kept)
    rows = slice(image.start, image.start + count)
    columns = slice(rows.start - len(prefill_pass.hidden), rows.stop - len(prefill_pass.hidden))
    here = replace(image, positions=prefill_pass.positions_at(index)[rows])
    return prefill_pass.reduce(reducer, index, here, columns, rows)


def prefill_question(
    state: State[Any], block: Block, decided: Decisions | None = None
) -> tuple[LayerwisePrefill, Decisions]:
    """Reads a text whose last row decides which tokens of the waiting images leave the caches, layer by layer.

    `decided` are the decisions of an earlier question, to be taken over.
    """
    prefill_pass, decisions, plan = (
        LayerwisePrefill(state, block, len(block.positions)),
        dict(decided or {}),
        state.plan,
    )
    for index, reducer in prefill_pass.layers_with_steps(plan):
        if index not in decisions:
            decisions[index] = [reduce_cached(prefill_pass, index, pending, reducer) for pending in state.pending]
        evict_pending(state, index, decisions[index])
    state.pending = ()
    return prefill_pass, decisions


def settle(state: State[Any], decided: Decisions) -> None:
    """Takes from the caches what the question of another conversation decided about the same waiting images."""
    for index in sorted(decided):
        evict_pending(state, index, decided[index])
    state.pending = ()


def evict_pending(state: State[Any], index: int, inner: Sequence[Reduction]) -> None:
    """Takes what a step dropped of the waiting images out of the caches from its layer on, or of all layers."""
    evict_lower_layers = state.plan.evict_lower_layers
    state.cache.evict(range(0 if evict_lower_layers else index, len(state.lengths)), dropped_rows(state.pending, inner))
    record_reduction(state, index, state.pending, inner, evict_lower_layers, read=True)
    state.pending = shift_rows(state.pending, inner)


def reduce_cached(prefill_pass: LayerwisePrefill, index: int, pending: PendingImage, reducer: Reducer) -> Reduction:
    """Reduces an image that is in the caches."""
    return prefill_pass.reduce(reducer, index, pending, slice(pending.start, pending.start + len(pending.positions)))


def dropped_rows(images: Sequence[PendingImage], reductions: Sequence[Reduction]) -> Int[Tensor, " j"]:
    """The rows that leave."""
    pairs = zip(images, reductions, strict=True)
    return torch.cat([dropped(reduction) + image.start for image, reduction in pairs])


def evict_rows(state: State[Any], layers: range, count: int, rows: Int[Tensor, " j"]) -> None:
    """Takes rows of a block, the last `count` rows of these caches, out of them."""
    for layer in layers:
        state.cache.evict([layer], rows + state.cache.length(layer) - count)


def shift_rows(images: Sequence[PendingImage], reductions: Sequence[Reduction]) -> tuple[PendingImage, ...]:
    """The images where they are once the dropped tokens of all have left."""
    moved, earlier = [], 0
    for image, reduction in zip(images, reductions, strict=True):
        moved.append(replace(image, start=image.start - earlier, positions=image.positions[reduction.kept]))
        earlier += len(reduction.assignment) - len(reduction.kept)
    return tuple(moved)


def record_reduction(
    state: State[Any],
    index: int,
    images: Sequence[PendingImage],
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
