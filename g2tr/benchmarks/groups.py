"""Samples that show the same images belong together; every sample has a seed of its own."""

import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass

from torch.utils.data import Dataset

from g2tr.benchmarks.sample import Benchmark, Sample


@dataclass(frozen=True)
class Group:
    """Samples of one benchmark that show the same images; an edit is a group of its own."""

    benchmark: str
    samples: tuple[Sample, ...]

    def without(self, done: Container[tuple[str, str]]) -> "Group | None":
        """The group without the samples, by benchmark and id, that are done; None where none is left."""
        left = tuple(sample for sample in self.samples if (self.benchmark, sample.id) not in done)
        return Group(self.benchmark, left) if left else None

    def cut(self, size: int) -> "list[Group]":
        """The group in parts of at most `size` samples, so that what is asked together fits into memory."""
        starts = range(0, len(self.samples), size)
        return [Group(self.benchmark, self.samples[start : start + size]) for start in starts]


class Groups(Dataset[Group]):
    """Groups as a data set of torch."""

    def __init__(self, groups: Sequence[Group]) -> None:
        self.groups = groups

    def __len__(self) -> int:
        return len(self.groups)

    def __getitem__(self, index: int) -> Group:
        return self.groups[index]


def groups_of(name: str, benchmark: Benchmark, samples: Sequence[Sample]) -> list[Group]:
    """Samples by the images they show, in order of appearance."""
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.group if benchmark.task == "answer" else sample.id, []).append(sample)
    return [Group(name, tuple(members)) for members in groups.values()]


def sample_seed(seed: int, sample: Sample) -> int:
    """The seed of one sample: the benchmark's own where it fixes one, else a hash of run seed and id."""
    if sample.seed is not None:
        return sample.seed + seed
    return int(hashlib.sha1(f"{seed}:{sample.id}".encode(), usedforsecurity=False).hexdigest()[:8], 16)
