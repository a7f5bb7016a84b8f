from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

import pytest

from g2tr.benchmarks.sample import Benchmark, Sample
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.benchmarks.toolkits import Question, Rules, unchanged
from g2tr.benchmarks.understanding import Graded, Understanding, counts, fact, sized
from g2tr.errors import InputError
from g2tr.images import ImageSource


def first_word(answer: str) -> str | None:
    return answer.split()[0] if answer[0] != "?" else None


@dataclass(frozen=True)
class Toy(Understanding):
    """Twice the same row."""

    protocols: ClassVar[Mapping[str, Rules]] = {"bagel": Rules(unchanged, 7, first_word)}

    def load(self) -> Iterable[Sample]:
        prompt = self.rules.prompt(Question("what ?"))
        return [Sample("1", (ImageSource(b"x"),), prompt, "that", "kind") for _ in range(2)]

    def summarise(self, graded: Graded) -> dict[str, float]:
        return counts(graded)


def test_a_protocol_that_does_not_exist_is_refused_when_the_benchmark_is_built() -> None:
    with pytest.raises(InputError, match=r"^Toy has no protocol 'gpt'; it has bagel$"):
        Toy(Dataset("x"), "gpt")


def test_rows_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match=r"^x: 2 rows are called '1'$"):
        Toy(Dataset("x")).samples()


def test_an_answer_is_right_wrong_empty_or_unparsed() -> None:
    toy = Toy(Dataset("x"))
    sample = next(iter(toy.load()))
    grades = [toy.grade(sample, answer) for answer in ("that one", "this", "  ", "?")]
    assert [tuple(grade.values()) for grade in grades] == [(1, 0, 0), (0, 0, 0), (0, 1, 0), (0, 0, 1)]
    assert toy.summarise([(sample, grade) for grade in grades]) == {"empty": 1.0, "unparsed": 1.0}
    assert isinstance(toy, Benchmark) and toy.max_tokens == 7


def test_an_answer_that_ends_within_its_reasoning_is_counted() -> None:
    toy = Toy(Dataset("x"))
    sample = next(iter(toy.load()))
    assert toy.grade(sample, "<think>that")["cut"] == 1
    assert "cut" not in toy.grade(sample, "<think>that</think> this")


def test_a_fact_that_scoring_needs_and_a_prediction_lacks_is_named() -> None:
    with pytest.raises(InputError, match="prediction of 1 does not carry facts.options"):
        fact(Sample("1", (), "", "A", ""), "options")


def test_samples_carry_the_size_of_their_cluster() -> None:
    samples = [Sample(str(i), (), "", "A", "", facts={"row": i}, cluster=cluster) for i, cluster in enumerate("aab")]
    assert [dict(sample.facts) for sample in sized(samples)] == [
        {"row": 0, "cluster_size": 2},
        {"row": 1, "cluster_size": 2},
        {"row": 2, "cluster_size": 1},
    ]
