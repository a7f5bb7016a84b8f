"""One block on its way through the layers of a language model, growing shorter where a reduction acts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.models.engine.attention_evidence import Witness
from g2tr.models.engine.context import State, Waiting
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.protocols import Language, Rotation
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import GridPositions, Reduction, VisualTokens


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

    def stops(self, plan: ReductionPlan) -> Iterator[tuple[int, Reducer]]:
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

    def positions_at(self, index: int) -> Int[Tensor, " t"]:
        """The positions of the rows in a layer."""
        return self.block.positions - self.state.lag[index] if self.state.lag else self.block.positions

    def turn_at(self, index: int) -> Rotation:
        """The rotation of the rows in a layer."""
        return self.language.turn(replace(self.block, positions=self.positions_at(index)))

    def reduce(
        self, reducer: Reducer, index: int, waiting: Waiting, columns: slice, rows: slice | None = None
    ) -> Reduction:
        """What a reducer leaves of an image before layer `index`; evidence is read where some of it is to go.

        `columns` are the image's key rows, and `rows` are its rows in the block; without them it is in the caches
        alone, and keys stand for the hidden states that are gone.
        """
        cache = self.state.cache
        features = cache.layers[index - 1][0][columns].flatten(1) if rows is None else self.here[rows]
        view, count = self.state.trace.views[waiting.view], len(features)
        requires: Iterable[type] = reducer.stage_requires if reducer.budget(count) < count else ()
        network, seen = (self.language, cache, self.block), (self.turns, self.below, self.here)
        witness = Witness(*network, index, self.asking, *seen, columns, rows, waiting.positions)
        for kind in requires:
            self.state.trace = self.state.trace.look(witness.look(kind))
        places = GridPositions(view.kept.to(features.device))
        return reducer(VisualTokens(features, view.grid, (places, *map(witness.evidence, requires)), waiting.seed))

    def narrow(self, index: int, starts: Sequence[int], reductions: Sequence[Reduction]) -> None:
        """Goes on from layer `index` with what reductions left of images whose tokens begin at the rows `starts`."""
        rows, stays = self.here.clone(), torch.ones(len(self.here), dtype=torch.bool, device=self.here.device)
        for start, reduction in zip(starts, reductions, strict=True):
            rows[start + reduction.kept] = reduction.features
            stays[start + dropped(reduction)] = False
        self.here, positions = rows[stays], self.block.positions[stays]
        if self.anew:
            positions = positions[0] + torch.arange(len(positions), device=positions.device)
        self.block = replace(self.block, embeddings=self.here, positions=positions, lengths=(len(positions),))
        self.turns = [self.turns[0], self.turn_at(index)]

    def finish(self, full: int) -> Float[Tensor, "t d"]:
        """Records the prefill, of `full` rows without reduction; returns its rows after the final norm."""
        self.state.trace = self.state.trace.block(self.rows, self.cached, full)
        return self.language.finish(self.here, self.block)


def dropped(reduction: Reduction) -> Int[Tensor, " j"]:
    """Tokens that did not stay."""
    gone = torch.ones_like(reduction.assignment, dtype=torch.bool)
    gone[reduction.kept] = False
    return torch.where(gone)[0]
