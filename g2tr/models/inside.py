"""Reduction between the layers of a language model: while an image is read, or later, with its question.

Source: where the baselines of the paper act (baselines.md sections 1 and 3).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.cascade import Plan
from g2tr.errors import InputError
from g2tr.models.cache import Block
from g2tr.models.language import Language, Rotation
from g2tr.models.state import State, Waiting
from g2tr.models.trace import View
from g2tr.models.witness import Witness
from g2tr.reducer import Reducer
from g2tr.tokens import Places, Reduction, VisualTokens

Decisions = Mapping[int, list[Reduction]]


class Walk:
    """One block of one sample on its way through the layers; its last `asking` rows are the question.

    `below` and `here` are the rows before and after the last layer that was passed, and `turns` their rotations in
    that layer and in the next. With `anew` a reduction closes the gaps in their positions.
    """

    def __init__(self, state: State[Any], block: Block, asking: int, anew: bool = False) -> None:
        self.state, self.block, self.asking, self.anew = state, block, asking, anew
        self.language: Language = state.parts.language
        self.turns = [self.turn_at(0)] * 2
        self.here = self.below = block.embeddings
        self.rows: list[int] = []
        self.cached: list[int] = []
        self.ends: list[Int[Tensor, ""]] = []

    def stops(self, plan: Plan) -> Iterator[tuple[int, Reducer]]:
        """Passes all layers, and stops before each one at which a reducer acts."""
        cache = self.state.cache
        steps = dict(plan.inside(len(cache.layers)))
        for index in range(len(cache.layers)):
            self.turns = [self.turns[1], self.turn_at(index) if self.state.lag else self.turns[1]]
            if index in steps:
                yield index, steps[index]
            self.rows.append(len(self.here))
            self.cached.append(cache.length(index))
            self.ends.append(self.block.positions[-1])
            passed = self.language.advance(index, self.here, self.block, self.turns[1], cache, self.state.parts.attend)
            self.below, self.here = self.here, passed

    def turn_at(self, index: int) -> Rotation:
        """The rotation of the rows in a layer."""
        if not self.state.lag:
            return self.language.turn(self.block)
        return self.language.turn(replace(self.block, positions=self.block.positions - self.state.lag[index]))

    def tokens(
        self, index: int, columns: slice, features: Float[Tensor, "n d"], view: View, seed: int, reads: Iterable[type]
    ) -> VisualTokens:
        """The tokens of an image before layer `index`, with the evidence that a reducer reads."""
        language, cache = self.language, self.state.cache
        witness = Witness(language, cache, index, self.asking, self.turns, self.below, self.here, columns)
        for kind in reads:
            self.state.trace = self.state.trace.look(witness.look(kind))
        places = Places(view.kept.to(features.device))
        return VisualTokens(features, view.grid, (places, *map(witness.evidence, reads)), seed)

    def narrow(self, reduction: Reduction, index: int) -> None:
        """Goes on from layer `index` with what a reduction left of an image block, between the block's markers."""
        rows = torch.ones(len(self.here), dtype=torch.bool, device=self.here.device)
        rows[1 + dropped(reduction)] = False
        self.here = torch.cat([self.here[:1], reduction.features, self.here[-1:]])
        positions = self.block.positions[rows]
        if self.anew:
            positions = positions[0] + torch.arange(len(positions), device=positions.device)
        self.block = replace(self.block, embeddings=self.here, positions=positions, lengths=(len(positions),))
        self.turns = [self.turns[0], self.turn_at(index)]

    def finish(self, full: int) -> Float[Tensor, "t d"]:
        """Records the prefill, of `full` rows without reduction; returns its rows after the final norm."""
        self.state.trace = self.state.trace.block(self.rows, self.cached, full)
        return self.language.finish(self.here, self.block)


def acts_inside(state: State[Any], plan: Plan) -> bool:
    """Whether a plan has steps inside the model. Raises `InputError` where they do not go with its other settings."""
    inside = bool(plan.inside(len(state.cache.layers)))
    if inside and plan.encoder.size_alpha:
        raise InputError("size_alpha works for reducers after the encoder, not with steps inside the model")
    if inside and plan.query == "deferred" and len(set(state.lengths)) > 1:
        raise InputError("query=deferred reads all images before the first question")
    return inside


def walk_image(state: State[Any], block: Block, view: View, seed: int, plan: Plan, anew: bool = False) -> Walk:
    """Reads an image block whose tokens grow fewer from layer to layer; its end marker is the query.

    With `anew` the layers from a step on count positions without the tokens that it dropped.
    """
    walk = Walk(state, block, asking=1, anew=anew)
    for index, reducer in walk.stops(plan):
        count = len(walk.here)
        columns = slice(1 - count, -1)
        inner = reducer(walk.tokens(index, columns, walk.here[1:-1], view, seed, reducer.stage_reads))
        view = view.within(inner, index, plan.everywhere)
        if plan.everywhere:
            state.cache.evict(range(index), dropped(inner) + state.cache.length(0) - count + 1)
        walk.narrow(inner, index)
    state.trace = state.trace.view(view)
    if anew:
        earlier, end = state.lag or (0,) * len(walk.ends), int(block.positions[-1])
        state.lag = tuple(lag + end - int(here) for lag, here in zip(earlier, walk.ends, strict=True))
    return walk


def wait(state: State[Any], start: int, seed: int, plan: Plan) -> None:
    """Leaves the last image, whose tokens begin at row `start` of all caches, to the question that follows."""
    state.waiting, state.plan = (*state.waiting, Waiting(start, len(state.trace.views) - 1, seed)), plan


def walk_question(state: State[Any], block: Block, decided: Decisions | None = None) -> tuple[Walk, Decisions]:
    """Reads a text whose last row decides which tokens of the waiting images leave the caches, layer by layer.

    `decided` are the decisions of an earlier question, to be taken over.
    """
    walk, decisions = Walk(state, block, len(block.positions)), dict(decided or {})
    for index, reducer in walk.stops(state.plan):
        if index not in decisions:
            decisions[index] = [reduce_cached(walk, index, waiting, reducer) for waiting in state.waiting]
        leave(state, index, decisions[index])
    state.waiting = ()
    return walk, decisions


def reduce_cached(walk: Walk, index: int, waiting: Waiting, reducer: Reducer) -> Reduction:
    """Reduces an image that is in the caches; its keys stand for the hidden states that are gone."""
    view = walk.state.trace.views[waiting.view]
    columns = slice(waiting.start, waiting.start + len(view.kept))
    keys = walk.state.cache.layers[index - 1][0][columns].flatten(1)
    return reducer(walk.tokens(index, columns, keys, view, waiting.seed, reducer.stage_reads))


def leave(state: State[Any], index: int, reductions: list[Reduction]) -> None:
    """Takes what the reductions dropped out of the caches from layer `index` on, or of all of them."""
    layers = range(0 if state.plan.everywhere else index, len(state.cache.layers))
    gone = [dropped(inner) + waiting.start for inner, waiting in zip(reductions, state.waiting, strict=True)]
    state.cache.evict(layers, torch.cat(gone))
    views, moved, earlier = list(state.trace.views), [], 0
    for inner, waiting in zip(reductions, state.waiting, strict=True):
        views[waiting.view] = views[waiting.view].evicted(inner, index, state.plan.everywhere)
        moved.append(replace(waiting, start=waiting.start - earlier))
        earlier += len(inner.homes) - len(inner.kept)
    state.trace = replace(state.trace, views=tuple(views))
    state.waiting = tuple(moved)


def dropped(reduction: Reduction) -> Int[Tensor, " j"]:
    """Tokens that did not stay."""
    gone = torch.ones_like(reduction.homes, dtype=torch.bool)
    gone[reduction.kept] = False
    return torch.where(gone)[0]
