"""Reduction between the layers of the language model: while an image is read, or later, with its question.

Source: where the baselines of the paper act (baselines.md sections 1 and 3).
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.cascade import Plan
from g2tr.models.bagel.language import Block, Cache
from g2tr.models.bagel.prefill import State, Waiting, embed_visual, image_block, text_block
from g2tr.models.bagel.witness import Witness
from g2tr.models.base import View
from g2tr.reducer import Reducer
from g2tr.tokens import Places, Reduction, VisualTokens


class Walk:
    """One block of one sample on its way through the layers."""

    def __init__(self, state: State, block: Block) -> None:
        self.state, self.block = state, block
        self.language = state.parts.network.language
        self.turn = self.language.turn(block)
        self.here = self.below = block.embeddings
        self.rows: list[int] = []
        self.cached: list[int] = []

    def stops(self, plan: Plan) -> Iterator[tuple[int, Reducer]]:
        """Passes all layers, and stops before each one at which a reducer acts."""
        layers = len(self.state.cache.layers)
        steps = dict(plan.inside(layers))
        for index in range(layers):
            if index in steps:
                yield index, steps[index]
            self.rows.append(len(self.here))
            self.cached.append(self.state.cache.length(index))
            self.below, self.here = self.here, self.passed(index)

    def passed(self, index: int) -> Float[Tensor, "t d"]:
        """The rows after one layer."""
        rows, cache = {"und": self.here}, self.state.cache
        return self.language.pass_layer(index, rows, self.block, self.turn, [cache], self.state.parts.attend)["und"]

    def tokens(
        self, index: int, columns: slice, features: Float[Tensor, "n d"], view: View, seed: int, reads: Iterable[type]
    ) -> VisualTokens:
        """The tokens of an image before layer `index`, with the evidence that a reducer reads."""
        witness = Witness(self.language, self.state.cache, index, self.block, self.turn, self.below, self.here, columns)
        places = Places(view.kept.to(features.device))
        return VisualTokens(features, view.grid, (places, *map(witness.evidence, reads)), seed)

    def narrow(self, reduction: Reduction) -> None:
        """Goes on with what a reduction left of an image block, between the block's markers."""
        rows = torch.ones(len(self.here), dtype=torch.bool, device=self.here.device)
        rows[1 + dropped(reduction)] = False
        self.here = torch.cat([self.here[:1], reduction.features, self.here[-1:]])
        positions = self.block.positions[rows]
        self.block = replace(self.block, embeddings=self.here, positions=positions, lengths=(len(positions),))
        self.turn = self.language.turn(self.block)

    def finish(self, full: int) -> Float[Tensor, "t d"]:
        """Records the prefill; returns the rows that reached the end, after the final norm."""
        self.state.trace = self.state.trace.block(self.rows, self.cached, full)
        return self.language.leave({"und": self.here}, self.block)


def read_visual_inside(state: State, tokens: VisualTokens, reduction: Reduction, plan: Plan) -> Float[Tensor, "t d"]:
    """Adds an image whose tokens grow fewer from layer to layer; its end marker is the query."""
    embedded = embed_visual(state.parts, tokens, reduction)
    walk = Walk(state, image_block([state], embedded, [len(embedded)], "und")[0])
    view = View.of(tokens, reduction, len(state.cache.layers))
    for index, reducer in walk.stops(plan):
        count = len(walk.here)
        columns = slice(1 - count, -1)
        inner = reducer(walk.tokens(index, columns, walk.here[1:-1], view, tokens.seed, reducer.stage_reads))
        view = view.within(inner, index, plan.everywhere)
        if plan.everywhere:
            evict(state.cache, range(index), dropped(inner) + state.cache.length(0) - count + 1)
        walk.narrow(inner)
    state.rope += 1
    state.trace = state.trace.view(view)
    return walk.finish(len(view.homes) + 2)


def read_text_deferred(state: State, text: str) -> Float[Tensor, "t d"]:
    """Adds a text whose last row decides which tokens of the waiting images leave the caches."""
    ids = state.parts.tokenize(text)
    walk = Walk(state, text_block([state], [ids]))
    for index, reducer in walk.stops(state.plan):
        inner = [reduce_cached(walk, index, waiting, reducer) for waiting in state.waiting]
        leave(state, index, inner)
    state.waiting = ()
    state.rope += len(ids)
    return walk.finish(len(ids))


def reduce_cached(walk: Walk, index: int, waiting: Waiting, reducer: Reducer) -> Reduction:
    """Reduces an image that is in the caches; its keys stand for the hidden states that are gone."""
    view = walk.state.trace.views[waiting.view]
    columns = slice(waiting.start, waiting.start + len(view.kept))
    keys = walk.state.cache.layers[index - 1][0][columns].flatten(1)
    return reducer(walk.tokens(index, columns, keys, view, waiting.seed, reducer.stage_reads))


def leave(state: State, index: int, reductions: list[Reduction]) -> None:
    """Takes what the reductions dropped out of the caches from layer `index` on, or of all of them."""
    layers = range(0 if state.plan.everywhere else index, len(state.cache.layers))
    gone = [dropped(inner) + waiting.start for inner, waiting in zip(reductions, state.waiting, strict=True)]
    evict(state.cache, layers, torch.cat(gone))
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


def evict(cache: Cache, layers: Iterable[int], rows: Int[Tensor, " j"]) -> None:
    """Removes rows from the caches of some layers."""
    for layer in layers:
        stays = torch.ones(cache.length(layer), dtype=torch.bool, device=rows.device)
        stays[rows] = False
        keys, values = cache.layers[layer]
        cache.layers[layer] = (keys[stays], values[stays])
