"""Endless batches to train on, drawn as numbers when they are asked for; any device paints them.

Batch number i of a seed is the same in every process; workers share a stream by taking every `stride`-th batch from
`start` on. No benchmark has a scene of these streams.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from g2tr.scenes.canvas import Canvas, canvas_of
from g2tr.scenes.draws import draw_edits, draw_pairs
from g2tr.scenes.world import Asked, World, category


@dataclass(frozen=True, eq=False)
class QuestionBatch:
    """Images, the caption of each (the answer to `describe`), and several questions about each."""

    images: Canvas
    captions: list[str]
    questions: list[list[Asked]]


@dataclass(frozen=True, eq=False)
class PairBatch:
    """Two images each and one question about both."""

    firsts: Canvas
    seconds: Canvas
    questions: list[Asked]


@dataclass(frozen=True, eq=False)
class EditBatch:
    """Images and targets, with the instruction and the type of each edit."""

    images: Canvas
    targets: Canvas
    instructions: list[str]
    categories: list[str]


def question_batches(
    on: World,
    seed: int,
    size: int,
    questions: int = 5,
    start: int = 0,
    stride: int = 1,
) -> Iterator[QuestionBatch]:
    """Batches of `size` scenes of one image size, with `questions` questions of random categories each."""
    for number in count(start, stride):
        rng = dice(on, seed, "questions", number)
        scenes = on.scenes([rng] * size, [rng.choice(on.sizes)] * size)
        asked = [on.some_questions(scene, rng, questions) for scene in scenes]
        yield QuestionBatch(canvas_of(scenes), [scene.caption for scene in scenes], asked)


def pair_batches(on: World, seed: int, size: int, start: int = 0, stride: int = 1) -> Iterator[PairBatch]:
    """Batches of `size` pairs of one image size, question types with equal probability."""
    for number in count(start, stride):
        rng = dice(on, seed, "pairs", number)
        compares = rng.choices(on.compares, k=size)
        pairs = draw_pairs(on, [rng] * size, [rng.choice(on.sizes)] * size, compares)
        firsts, seconds = (canvas_of([pair.scenes[i] for pair in pairs]) for i in (0, 1))
        asked = [Asked(category(kind), pair.text, pair.answer) for kind, pair in zip(compares, pairs, strict=True)]
        yield PairBatch(firsts, seconds, asked)


def edit_batches(on: World, seed: int, size: int, start: int = 0, stride: int = 1) -> Iterator[EditBatch]:
    """Batches of `size` edits of one image size, types with equal probability."""
    for number in count(start, stride):
        rng = dice(on, seed, "edits", number)
        changes = rng.choices(on.changes, k=size)
        edits = draw_edits(on, [rng] * size, [rng.choice(on.edit_sizes)] * size, changes)
        yield EditBatch(
            canvas_of([drawn.before for drawn in edits]),
            canvas_of([drawn.edit.scene for drawn in edits]),
            [drawn.edit.instruction for drawn in edits],
            [category(change) for change in changes],
        )


def dice(on: World, seed: int, kind: str, number: int) -> Random:
    """The chance of one batch."""
    return Random(f"{on.version} {seed} train {kind} {number}")
