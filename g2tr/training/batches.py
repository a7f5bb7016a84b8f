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
from g2tr.scenes.canvas import Canvas, canvas_of, paint
from g2tr.scenes.versions import world
from g2tr.scenes.world import World
from g2tr.training.token_rows import TokenRowBuilder, TokenRows, Turn, entries


class QuestionBatch(NamedTuple):
    """One image or two in each sequence, and what is asked about them."""

    images: tuple[UInt8[Tensor, "b 3 h w"], ...]
    texts: TokenRows

    def split(self, pieces: int) -> list["QuestionBatch"]:
        """Equal shares of the sequences."""
        shares = zip(*(image.chunk(pieces) for image in self.images), strict=True)
        return [QuestionBatch(images, texts) for images, texts in zip(shares, self.texts.split(pieces), strict=True)]


class EditBatch(NamedTuple):
    """An image, what it should become, and the instruction."""

    images: UInt8[Tensor, "b 3 h w"]
    targets: UInt8[Tensor, "b 3 h w"]
    texts: TokenRows

    def split(self, pieces: int) -> list["EditBatch"]:
        """Equal shares of the sequences."""
        images, targets = self.images.chunk(pieces), self.targets.chunk(pieces)
        return [EditBatch(*own) for own in zip(images, targets, self.texts.split(pieces), strict=True)]


class Crops(NamedTuple):
    """Squares of pictures."""

    images: UInt8[Tensor, "b 3 c c"]

    def split(self, pieces: int) -> list["Crops"]:
        """Equal shares."""
        return [Crops(images) for images in self.images.chunk(pieces)]


class DrawnQuestionBatch(NamedTuple):
    """Questions whose images are not painted yet."""

    images: tuple[Canvas, ...]
    texts: TokenRows

    def paint(self, device: torch.device) -> QuestionBatch:
        """The same with pixels, on a device."""
        return QuestionBatch(tuple(rounded(paint(image, device)) for image in self.images), self.texts.to(device))


class DrawnEditBatch(NamedTuple):
    """Edits whose images are not painted yet."""

    images: Canvas
    targets: Canvas
    texts: TokenRows

    def paint(self, device: torch.device) -> EditBatch:
        """The same with pixels, on a device."""
        images, targets = (rounded(paint(image, device)) for image in (self.images, self.targets))
        return EditBatch(images, targets, self.texts.to(device))


class DrawnCrops(NamedTuple):
    """Scenes that are not painted yet, and the square to cut out of each, px."""

    scenes: Canvas
    top: int
    left: int
    side: int

    def paint(self, device: torch.device) -> Crops:
        """The squares, on a device."""
        rows, columns = (slice(start, start + self.side) for start in (self.top, self.left))
        return Crops(rounded(paint(self.scenes, device)[:, :, rows, columns]))


@dataclass(frozen=True)
class CropBatches:
    """Squares of `crop` pixels out of scenes, to train the autoencoder on; `pieces` batches are drawn at once.

    Raises `InputError` for a crop that the autoencoder cannot halve three times.
    """

    versions: Sequence[str]
    batch: int
    crop: int
    seed: int
    pieces: int = 1

    def __post_init__(self) -> None:
        if self.crop < 8 or self.crop % 8:
            raise InputError(f"crop must be a multiple of 8 px, got {self.crop}")

    def __call__(self, number: int) -> DrawnCrops:
        rng = Random(f"{self.seed} pictures {number}")
        on = world(rng.choice(self.versions))
        size = rng.choice(on.sizes)
        count = self.batch * self.pieces
        scenes = on.scenes([rng] * count, [size] * count)
        top, left = (rng.randint(0, side - self.crop) for side in size)
        return DrawnCrops(canvas_of(scenes), top, left, self.crop)


@dataclass(frozen=True)
class BatchSampler:
    """Questions, questions about two images, and edits, mixed by chance.

    The share of edits grows from `edits[0]` to `edits[1]` over the first `steps`; `pairs` is the share of questions
    about two images among the rest, in worlds that have them. Every image gets `questions` questions and a caption.
    `pieces` batches of one kind and size are drawn at once; `steps` counts these drawings.
    """

    versions: Sequence[str]
    steps: int
    batch: int
    edit_batch: int
    questions: int
    edits: Sequence[float]
    pairs: float
    seed: int
    pieces: int = 1

    def __call__(self, number: int) -> DrawnQuestionBatch | DrawnEditBatch:
        rng = Random(f"{self.seed} lessons {number}")
        on, chance, growth = world(rng.choice(self.versions)), rng.random(), min(1.0, number / self.steps)
        edits = self.edits[0] + (self.edits[1] - self.edits[0]) * growth
        if chance < edits:
            return self.edit(on, number)
        paired = on.compares and chance < edits + self.pairs * (1 - edits)
        return self.compare(on, number) if paired else self.ask(on, number)

    @property
    def writer(self) -> TokenRowBuilder:
        return TokenRowBuilder(entries(self.versions))

    def ask(self, on: World, number: int) -> DrawnQuestionBatch:
        """One image in each sequence."""
        drawn = next(question_batches(on, self.seed, self.pieces * self.batch, self.questions, start=number))
        turns: list[list[Turn]] = [
            [*((asked.text, asked.answer) for asked in own), ("describe", caption)]
            for own, caption in zip(drawn.questions, drawn.captions, strict=True)
        ]
        return DrawnQuestionBatch((drawn.images,), self.writer.conversations(turns, images=1))

    def compare(self, on: World, number: int) -> DrawnQuestionBatch:
        """Two images in each sequence; half as many sequences take as much memory."""
        drawn = next(pair_batches(on, self.seed, self.pieces * -(-self.batch // 2), start=number))
        turns = [[(asked.text, asked.answer)] for asked in drawn.questions]
        return DrawnQuestionBatch((drawn.firsts, drawn.seconds), self.writer.conversations(turns, images=2))

    def edit(self, on: World, number: int) -> DrawnEditBatch:
        """An image as latents (block 0) and ViT tokens (block 1), then the instruction."""
        drawn = next(edit_batches(on, self.seed, self.pieces * self.edit_batch, start=number))
        texts = self.writer.instructions(drawn.instructions, images=2)
        return DrawnEditBatch(drawn.images, drawn.targets, texts)


def rounded(images: Float[Tensor, "b 3 h w"]) -> UInt8[Tensor, "b 3 h w"]:
    """As a picture is stored."""
    return (255 * images).round().to(torch.uint8)
