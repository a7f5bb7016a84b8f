"""What is asked about an edit: a benchmark poses inquiries, a judge answers them (see `g2tr.judges`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

from PIL import Image

from g2tr.benchmarks.sample import Benchmark, Grades, Sample
from g2tr.images import ImageSource

Judged = Sequence[tuple[Sample, Grades]]


class Label(NamedTuple):
    """The text before a picture: its name among the prompts, and what fills its placeholder {number}."""

    name: str
    number: int = 0


@dataclass(frozen=True)
class JudgeQuestion:
    """One question to a judge about one edit.

    `name` finds the prompt, `words` fill its placeholders. `shows` are the pictures that go with it, in order:
    `inputs` (all), `input` (the first), `input:2` (the third), `target`, `edit`; with `fit`, the edit is first resized
    to the first input. `labels`, where there are any, stand before them, one before each. `scores` are the numbers that
    the answer must give, each from `low` to `high`.
    """

    name: str
    shows: tuple[str, ...]
    scores: tuple[str, ...]
    low: int = 1
    high: int = 5
    words: Mapping[str, str] = field(default_factory=dict)
    fit: bool = False
    labels: tuple[Label, ...] = ()

    def pictures(self, sample: Sample, edit: Image.Image) -> list[Image.Image]:
        """What the judge sees. Raises `InputError` for an image of the sample that cannot be read."""
        if self.fit:
            edit = edit.resize(sample.images[0].open().size, Image.Resampling.BICUBIC)
        target = (sample.target,) if isinstance(sample.target, ImageSource) else ()
        sources = {"inputs": sample.images, "input": sample.images[:1], "target": target}
        sources |= {f"input:{i}": (image,) for i, image in enumerate(sample.images)}
        return [
            picture
            for name in self.shows
            for picture in ([edit] if name == "edit" else [s.open() for s in sources[name]])
        ]


@runtime_checkable
class JudgedBenchmark(Benchmark, Protocol):
    """A benchmark whose official scores come from a judge.

    `inquiries` are asked about one sample; `conclude` turns the scores of all samples that were judged
    completely into the official numbers, of which some also count `unread`, the samples of which a score could not be
    read. `scorer` names that rule and its version. What the official script sends to
    its judge: pictures with no side longer than `judge_max_side` (None: at full size), and a request for a reply of at
    most `judge_max_tokens` (None: no such request).
    """

    scorer: ClassVar[str]

    @property
    def judge_max_side(self) -> int | None: ...

    @property
    def judge_max_tokens(self) -> int | None: ...

    def inquiries(self, sample: Sample) -> Sequence[JudgeQuestion]: ...

    def conclude(self, judged: Judged, unread: Sequence[Sample] = ()) -> dict[str, float]: ...
