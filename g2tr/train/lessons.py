"""What is shown at each step: batch number n of a seed is the same in every process and after every resume."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from g2tr.errors import InputError
from g2tr.scenes.batches import edit_batches, pair_batches, question_batches
from g2tr.scenes.versions import world
from g2tr.scenes.world import World
from g2tr.train.texts import Texts, Turn, Writer, entries


class Questions(NamedTuple):
    """One image or two in each sequence, and what is asked about them."""

    images: tuple[UInt8[Tensor, "b 3 h w"], ...]
    texts: Texts


class Edits(NamedTuple):
    """An image, what it should become, and the instruction."""

    images: UInt8[Tensor, "b 3 h w"]
    targets: UInt8[Tensor, "b 3 h w"]
    texts: Texts


@dataclass(frozen=True)
class Pictures:
    """Squares of `crop` pixels out of scenes before and after an edit, to train the autoencoder on.

    Raises `InputError` for a crop that the autoencoder cannot halve three times.
    """

    versions: Sequence[str]
    batch: int
    crop: int
    seed: int

    def __post_init__(self) -> None:
        if self.crop < 8 or self.crop % 8:
            raise InputError(f"crop must be a multiple of 8 px, got {self.crop}")

    def __call__(self, number: int) -> UInt8[Tensor, "b 3 c c"]:
        rng = Random(f"{self.seed} pictures {number}")
        drawn = next(edit_batches(world(rng.choice(self.versions)), self.seed, -(-self.batch // 2), start=number))
        images = torch.cat([drawn.images, drawn.targets])[: self.batch]
        top, left = (rng.randint(0, side - self.crop) for side in images.shape[2:])
        return rounded(images[:, :, top : top + self.crop, left : left + self.crop])


@dataclass(frozen=True)
class Lessons:
    """Questions, questions about two images, and edits, mixed by chance.

    The share of edits grows from `edits[0]` to `edits[1]` over the first `steps`; `pairs` is the share of questions
    about two images among the rest, in worlds that have them. Every image gets `questions` questions and a caption.
    """

    versions: Sequence[str]
    steps: int
    batch: int
    edit_batch: int
    questions: int
    edits: Sequence[float]
    pairs: float
    seed: int

    def __call__(self, number: int) -> Questions | Edits:
        rng = Random(f"{self.seed} lessons {number}")
        on, chance, growth = world(rng.choice(self.versions)), rng.random(), min(1.0, number / self.steps)
        edits = self.edits[0] + (self.edits[1] - self.edits[0]) * growth
        if chance < edits:
            return self.edit(on, number)
        paired = on.compares and chance < edits + self.pairs * (1 - edits)
        return self.compare(on, number) if paired else self.ask(on, number)

    @property
    def writer(self) -> Writer:
        return Writer(entries(self.versions))

    def ask(self, on: World, number: int) -> Questions:
        """One image in each sequence."""
        drawn = next(question_batches(on, self.seed, self.batch, self.questions, start=number))
        turns: list[list[Turn]] = [
            [*((asked.text, asked.answer) for asked in own), ("describe", caption)]
            for own, caption in zip(drawn.questions, drawn.captions, strict=True)
        ]
        return Questions((rounded(drawn.images),), self.writer.conversations(turns, images=1))

    def compare(self, on: World, number: int) -> Questions:
        """Two images in each sequence; half as many sequences take as much memory."""
        drawn = next(pair_batches(on, self.seed, -(-self.batch // 2), start=number))
        turns = [[(asked.text, asked.answer)] for asked in drawn.questions]
        return Questions((rounded(drawn.firsts), rounded(drawn.seconds)), self.writer.conversations(turns, images=2))

    def edit(self, on: World, number: int) -> Edits:
        """An image as latents (block 0) and ViT tokens (block 1), then the instruction."""
        drawn = next(edit_batches(on, self.seed, self.edit_batch, start=number))
        texts = self.writer.instructions(drawn.instructions, images=2)
        return Edits(rounded(drawn.images), rounded(drawn.targets), texts)


def rounded(images: Float[Tensor, "b 3 h w"]) -> UInt8[Tensor, "b 3 h w"]:
    """As a picture is stored; a quarter of the bytes between processes."""
    return (255 * images).round().to(torch.uint8)
