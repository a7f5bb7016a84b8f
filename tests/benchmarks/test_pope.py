from pathlib import Path

import pytest

from g2tr.benchmarks.pope import POPE
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.errors import InputError

DATA = Path(__file__).parents[1] / "data/questions/pope"
SINGLE = "Answer the question using a single word or phrase."


def pope(path: str = "data", protocol: str = "bagel", limit: int | None = None) -> POPE:
    return POPE(Dataset(str(DATA / path), split="test"), protocol, limit)


def scored(benchmark: POPE, answers: dict[str, str], rest: str = "no") -> dict[str, float]:
    samples = benchmark.samples()
    return benchmark.summarise([(s, benchmark.grade(s, answers.get(s.id, rest))) for s in samples])


@pytest.mark.parametrize("path", ["data", "official"])
def test_both_forms_with_three_splits_give_the_same_questions(path: str) -> None:
    samples = sorted(pope(path).samples(), key=lambda sample: sample.id)
    assert [(sample.id, sample.target) for sample in samples] == [
        (f"{split}:{number}", target)
        for split in ("adversarial", "popular", "random")
        for number, target in ((1, "yes"), (2, "no"))
    ]
    assert len({sample.cluster for sample in samples}) == len({sample.group for sample in samples}) == 2
    assert all(sample.images[0].open().size == (48, 48) for sample in samples)


def test_prompts_to_the_letter() -> None:
    question = "Is there a square in the image?"
    assert pope().samples()[0].prompt == pope(protocol="lmms_eval").samples()[0].prompt == f"{question}\n{SINGLE}"
    kit = pope("POPE.tsv", "vlmevalkit").samples()[0]
    assert kit.prompt == f"{question} Please answer yes or no."
    assert [pope(protocol=protocol).max_tokens for protocol in ("bagel", "lmms_eval")] == [100, 128]


def test_scores_by_hand() -> None:
    said = {"random:1": "Yes", "popular:1": "Yes", "popular:2": "Yes, there is", "adversarial:1": "No"}
    scores = scored(pope(), said)
    assert (scores["f1/random"], scores["accuracy/random"], scores["yes_ratio/random"]) == (1.0, 1.0, 0.5)
    assert (scores["precision/popular"], scores["recall/popular"]) == (0.5, 1.0)
    assert scores["f1/popular"] == pytest.approx(2 / 3)
    assert (scores["f1/adversarial"], scores["accuracy/adversarial"]) == (0.0, 0.5)
    assert scores["f1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert scores["accuracy"] == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_an_empty_answer_is_wrong_whatever_was_asked() -> None:
    scores = scored(pope(), {}, rest="")
    assert (scores["accuracy"], scores["f1"], scores["yes_ratio"], scores["empty"]) == (0, 0, 0, 6)


def test_bagel_reads_everything_without_a_no_as_yes_and_it_is_counted() -> None:
    scores = scored(pope(), {}, rest="Unclear")
    assert (scores["accuracy"], scores["yes_ratio"], scores["unparsed"]) == (0.5, 1.0, 6)


def test_yes_with_a_full_stop_is_wrong_for_lmms_eval_and_leaves_its_recall() -> None:
    said = {"random:1": "Yes.", "popular:1": "yes", "adversarial:1": "yes"}
    scores = scored(pope(protocol="lmms_eval"), said)
    assert (scores["accuracy/random"], scores["recall/random"], scores["unparsed"]) == (0.5, 0.0, 1)
    assert scored(pope(), said)["f1"] == 1.0


def test_a_row_that_belongs_to_several_splits_counts_in_each() -> None:
    scores = scored(pope("POPE.tsv", "vlmevalkit"), {"adversarial,random:0": "Yes"}, rest="No")
    assert (scores["f1/random"], scores["f1/adversarial"], scores["f1"]) == (1.0, 1.0, 1.0)


def test_a_limit_cuts_between_images() -> None:
    assert [sample.id for sample in pope(limit=4).samples()] == [
        "random:1",
        "random:2",
        "adversarial:1",
        "adversarial:2",
    ]


def test_a_label_that_is_neither_is_named(tmp_path: Path) -> None:
    (tmp_path / "coco_pope_random.json").write_text('{"question_id": 1, "image": "a", "text": "?", "label": "maybe"}')
    with pytest.raises(InputError, match="coco_pope_random.json, line 1: answer must be yes or no, got 'maybe'"):
        POPE(Dataset(str(tmp_path))).samples()
