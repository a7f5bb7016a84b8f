"""One block on its way through the layers of a language model, growing shorter where a reduction acts."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.models.engine.attention_evidence import AttentionProbe
from g2tr.models.engine.context import PendingImage, State
from g2tr.models.engine.kv_cache import Block
from g2tr.models.engine.protocols import LayeredLM, Rotation
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import GridPositions, Reduction, VisualTokens


class LayerwisePrefill:
    """One block of one sample on its way through the layers; its last `question_rows` rows are the question.

    `previous_hidden` and `hidden` are the rows before and after the last layer that was passed, and `rotaries` their
    rotations in that layer and in the next. With `renumber` a reduction closes the gaps in their positions.

    Example: four image rows at positions 10 to 13 and one question row at 14, and a reducer at layer 2 of 4 that keeps
    rows 0 and 3. Layers 0 and 1 read five rows. Then `drop_rows` leaves the rows at positions 10, 13 and 14, or at 10,
    11 and 12 with `renumber`, and layers 2 and 3 read three rows; the caches of layers 0 and 1 keep all five.
    """

    def __init__(self, state: State[Any], block: Block, question_rows: int, renumber: bool = False) -> None:
        self.state, self.block, self.question_rows, self.renumber = state, block, question_rows, renumber
        self.language: LayeredLM = state.parts.language
        self.rotaries = [self.rotary_at(0)] * 2
        self.hidden = self.previous_hidden = block.embeddings
        self.rows: list[int] = []
        self.cached: list[int] = []
        self.ends: list[Int[Tensor, ""]] = []

    def layers_with_steps(self, plan: ReductionPlan) -> Iterator[tuple[int, Reducer]]:
        """Passes all layers, and stops before each one at which a reducer acts."""
        cache = self.state.cache
        steps = dict(plan.inside(len(cache.layers)))
        for index in range(len(cache.layers)):
            self.rotaries = [
                self.rotaries[1],
                self.rotary_at(index) if self.state.position_offsets else self.rotaries[1],
            ]
            if index in steps:
                yield index, steps[index]
            self.rows.append(len(self.hidden))
            self.cached.append(cache.length(index))
            self.ends.append(self.block.positions[-1])
            passed = self.language.advance(
                index, self.hidden, self.block, self.rotaries[1], cache, self.state.parts.attend
            )
            self.previous_hidden, self.hidden = self.hidden, passed

    def positions_at(self, index: int) -> Int[Tensor, " t"]:
        """The positions of the rows in a layer."""
        return (
            self.block.positions - self.state.position_offsets[index]
            if self.state.position_offsets
            else self.block.positions
        )

    def rotary_at(self, index: int) -> Rotation:
        """The rotation of the rows in a layer."""
        return self.language.rotary(replace(self.block, positions=self.positions_at(index)))

    def reduce(
        self, reducer: Reducer, index: int, pending: PendingImage, columns: slice, rows: slice | None = None
    ) -> Reduction:
        """What a reducer leaves of an image before layer `index`; evidence is read where some of it is to go.

        `columns` are the image's key rows, and `rows` are its rows in the block; without them it is in the caches
        alone, and keys stand for the hidden states that are gone.
        """
        cache = self.state.cache
        features = cache.layers[index - 1][0][columns].flatten(1) if rows is None else self.hidden[rows]
        view, count = self.state.trace.views[pending.view], len(features)
        requires: Iterable[type] = reducer.stage_requires if reducer.budget(count) < count else ()
        network, seen = (self.language, cache, self.block), (self.rotaries, self.previous_hidden, self.hidden)
        probe = AttentionProbe(*network, index, self.question_rows, *seen, columns, rows, pending.positions)
        for kind in requires:
            self.state.trace = self.state.trace.look(probe.look(kind))
        places = GridPositions(view.kept.to(features.device))
        return reducer(VisualTokens(features, view.grid, (places, *map(probe.evidence, requires)), pending.seed))

    def drop_rows(self, index: int, starts: Sequence[int], reductions: Sequence[Reduction]) -> None:
        """Goes on from layer `index` with what reductions left of images whose tokens begin at the rows `starts`."""
        rows, stays = self.hidden.clone(), torch.ones(len(self.hidden), dtype=torch.bool, device=self.hidden.device)
        for start, reduction in zip(starts, reductions, strict=True):
            rows[start + reduction.kept] = reduction.features
            stays[start + dropped(reduction)] = False
        self.hidden, positions = rows[stays], self.block.positions[stays]
        if self.renumber:
            positions = positions[0] + torch.arange(len(positions), device=positions.device)
        self.block = replace(self.block, embeddings=self.hidden, positions=positions, lengths=(len(positions),))
        self.rotaries = [self.rotaries[0], self.rotary_at(index)]

    def finish(self, full: int) -> Float[Tensor, "t d"]:
        """Records the prefill, of `full` rows without reduction; returns its rows after the final norm."""
        self.state.trace = self.state.trace.block(self.rows, self.cached, full)
        return self.language.finish(self.hidden, self.block)


def dropped(reduction: Reduction) -> Int[Tensor, " j"]:
    """Tokens that did not stay."""
    dropped_rows = torch.ones_like(reduction.assignment, dtype=torch.bool)
    dropped_rows[reduction.kept] = False
    return torch.where(dropped_rows)[0]
