"""What a model can do on scenes that it has never seen, by category."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import fmean

import torch
from PIL import Image

from g2tr.images import ImageSource, to_pixels
from g2tr.metrics.answers import exact_match
from g2tr.metrics.editing import edit_grades
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.vae import LatentCodec
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.importance.random import Random
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.report.figures.overlay import side_by_side
from g2tr.scenes.dataset import Picture, Row, generate
from g2tr.training.autoencoder_module import psnr_of

EVERYTHING = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0, name="none")
HALF = Reducer(Random(), TopK(), Drop(), keep_ratio=0.5, min_keep=1, name="random")
WORDS = 8
SHOWN = 16


@dataclass(frozen=True)
class Result:
    """Means of 0 and 1 by category, reconstruction in dB, and pictures: input, result and target of some edits.

    `reduced` is the accuracy with half the tokens, chosen at random.
    """

    accuracy: Mapping[str, float]
    reduced: Mapping[str, float]
    success: Mapping[str, float]
    decibels: float
    sheet: list[Image.Image] = field(repr=False)

    @property
    def numbers(self) -> dict[str, float]:
        """All of it under flat names."""
        named = {"accuracy": self.accuracy, "reduced": self.reduced, "success": self.success}
        flat = {f"{name}/{key}": value for name, values in named.items() for key, value in values.items()}
        return flat | {"autoencoder_db": self.decibels}


@dataclass(frozen=True)
class Validation:
    """`scenes` scenes with all their questions and `edits` edits of each world, from a seed of no training batch."""

    versions: Sequence[str]
    seed: int
    scenes: int
    edits: int

    def __call__(self, model: Bagel) -> Result:
        right: dict[str, list[float]] = defaultdict(list)
        half: dict[str, list[float]] = defaultdict(list)
        done: dict[str, list[float]] = defaultdict(list)
        decibels, sheet = [], []
        for version in self.versions:
            rows = list(generate(version, self.seed, self.scenes))
            for scores, reducer in ((right, EVERYTHING), (half, HALF)):
                for row, answer in answered(model, rows, reducer):
                    scores[f"{version} {row['category']}"].append(exact_match(answer, row["answer"]))
            for seed, row in enumerate(generate(version, self.seed, self.edits, "editing")):
                before, target = opened(row["image"]), opened(row["target"])
                result = model.edit([before], row["instruction"], EVERYTHING, seed).output
                done[f"{version} {row['category']}"].append(edit_grades(result, before, target)["success"])
                decibels.append(reconstruction(model.parts.codec, target))
                if seed < SHOWN:
                    sheet.append(side_by_side([before, result, target]))
        return Result(means(right), means(half), means(done), fmean(decibels), sheet)


def answered(model: Bagel, rows: Iterable[Row], reducer: Reducer = EVERYTHING) -> Iterable[tuple[Row, str]]:
    """Every question with the model's answer; questions about the same pictures share their prefill."""
    for _, group in groupby(rows, key=lambda row: [picture["path"] for picture in pictures(row)]):
        questions = list(group)
        images = [opened(picture) for picture in pictures(questions[0])]
        outcomes = model.answers(images, [row["question"] for row in questions], reducer, WORDS)
        yield from ((row, outcome.output) for row, outcome in zip(questions, outcomes, strict=True))


def pictures(row: Row) -> list[Picture]:
    """The one or two pictures of a question."""
    return row["images"] if "images" in row else [row["image"]]


def opened(picture: Picture) -> Image.Image:
    """A picture of a row."""
    content = picture["bytes"]
    assert isinstance(content, bytes)
    return ImageSource(content).open().convert("RGB")


def means(values: Mapping[str, list[float]]) -> dict[str, float]:
    """The mean of each category."""
    return {category: fmean(values[category]) for category in values}


@torch.inference_mode()
def reconstruction(codec: LatentCodec, image: Image.Image) -> float:
    """PSNR in dB of an image after encoding and decoding."""
    decoded = codec.decode(codec.encode(to_pixels(image).to(codec.vae.device)).mean)
    return psnr_of(to_pixels(image)[None], to_pixels(Image.fromarray(decoded.numpy()))[None]).item()
