"""What is asked about an edit: a benchmark poses inquiries, a judge answers them (see `g2tr.judges`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

from PIL import Image

from g2tr.benchmarks.sample import Benchmark, Grades, ImageSource, Sample

Judged = Sequence[tuple[Sample, Grades]]


@dataclass(frozen=True)
class Inquiry:
    """One question to a judge about one edit.

    `name` finds the prompt, `words` fill its placeholders. `shows` are the pictures that go with it, in order:
    `inputs` (all), `input` (the first), `target`, `edit`; with `fit`, the edit is first resized to the first input.
    `scores` are the numbers that the answer must give, each from `low` to `high`.
    """

    name: str
    shows: tuple[str, ...]
    scores: tuple[str, ...]
    low: int = 1
    high: int = 5
    words: Mapping[str, str] = field(default_factory=dict)
    fit: bool = False

    def pictures(self, sample: Sample, edit: Image.Image) -> list[Image.Image]:
        """What the judge sees. Raises `InputError` for an image of the sample that cannot be read."""
        if self.fit:
            edit = edit.resize(sample.images[0].open().size, Image.Resampling.BICUBIC)
        target = (sample.target,) if isinstance(sample.target, ImageSource) else ()
        sources = {"inputs": sample.images, "input": sample.images[:1], "target": target}
        return [
            picture
            for name in self.shows
            for picture in ([edit] if name == "edit" else [s.open() for s in sources[name]])
        ]


@runtime_checkable
class JudgedBenchmark(Benchmark, Protocol):
    """A benchmark whose official scores come from a judge.

    `inquiries` are asked about one sample; `conclude` turns the scores of all samples that were judged
    completely into the official numbers. `scorer` names that rule and its version.
    """

    scorer: ClassVar[str]

    def inquiries(self, sample: Sample) -> Sequence[Inquiry]: ...

    def conclude(self, judged: Judged) -> dict[str, float]: ...
