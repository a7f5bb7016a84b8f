"""Answers with the values that the toolkits' own code gives (see tests/data/scores)."""

import json
from typing import Any

import numpy as np
import pytest

from g2tr.benchmarks.pope import POPE
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.dataset import Dataset
from g2tr.metrics.choices import lmms_eval_choice, lmms_eval_static, vlmevalkit, vlmevalkit_2025
from g2tr.metrics.reasoning import is_cut, without_reasoning
from g2tr.metrics.statistics import mcnemar
from g2tr.metrics.yes_no import lmms_eval_mme
from tests.benchmarks.conftest import SCORES


def recorded(name: str) -> list[dict[str, Any]]:
    return json.loads((SCORES / f"{name}.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize("case", recorded("realworldqa_lmms_eval"), ids=lambda case: case["answer"])
def test_lmms_eval_compares_the_extracted_letter(case: dict[str, Any]) -> None:
    assert float(lmms_eval_choice(case["answer"], case["options"]) == case["gold"]) == case["expected"]


@pytest.mark.parametrize("case", recorded("mmbench_lmms_eval_static"), ids=lambda case: case["answer"])
def test_what_the_first_stage_does_not_read_the_extractor_does(case: dict[str, Any]) -> None:
    assert lmms_eval_static(case["answer"], case["options"]) == case["expected"]


@pytest.mark.parametrize("case", recorded("choice_vlmevalkit"), ids=lambda case: case["answer"][:40])
def test_a_phrase_settles_what_words_do_not(case: dict[str, Any]) -> None:
    assert vlmevalkit(case["answer"], case["options"]) == case["expected"]


def test_a_refusal_is_no_option_and_emphasis_does_not_hide_a_letter() -> None:
    options = {"A": "a red cat", "B": "blue", "C": "No", "D": "two dogs"}
    assert vlmevalkit("answer is **d**", options) == "D"
    assert vlmevalkit("Cannot determine the answer", options) is None
    assert vlmevalkit_2025("answer is **d**", options) is None
    assert vlmevalkit_2025("Cannot determine the answer", options) == "C"


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", None),
        ("A or B", "A"),
        ("I think A) is worse than C)", "C"),
        ("Is it (A)? No: (D), I think", "D"),
        ("C: a lorry", "C"),
        ("My answer is D, not A because", "A"),
        ("", None),
    ],
)
def test_the_most_telling_form_counts_and_in_it_the_last_letter(answer: str, letter: str | None) -> None:
    assert lmms_eval_choice(answer, {}) == letter


@pytest.mark.parametrize("case", recorded("thinking_lmms_eval"), ids=lambda case: case["expected"])
def test_reasoning_leaves_an_answer_before_it_is_read(case: dict[str, Any]) -> None:
    assert lmms_eval_mme(without_reasoning(case["answer"])) == case["expected"]


def test_blocks_lone_tags_and_cut_reasoning() -> None:
    assert without_reasoning("a</think> b") == "b"
    assert without_reasoning("<think>x</think>1<analysis>y</analysis>2<think>z</think>") == "12"
    assert without_reasoning("<think>never ends") == "<think>never ends"
    assert is_cut("<think>never ends") and not is_cut("<think>x</think> yes") and not is_cut("yes")


@pytest.mark.parametrize("protocol", ["lmms_eval", "vlmevalkit"])
def test_pope_is_scored_over_all_rows_together(protocol: str) -> None:
    (case,) = recorded("pope_pooled")
    pope = POPE(Dataset("nowhere"), protocol)
    samples = [Sample(str(i), (), "", row["gold"], row["category"]) for i, row in enumerate(case["rows"])]
    graded = [(s, pope.grade(s, row["answer"])) for s, row in zip(samples, case["rows"], strict=True)]
    scores = pope.summarise(graded)
    assert {name: scores[name] for name in case["expected"][protocol]} == pytest.approx(case["expected"][protocol])


def test_many_discordant_samples_of_numpy_numbers_have_a_p_value() -> None:
    wins = np.array([1.0] * 100 + [0.0] * 30)
    expected = mcnemar(wins.tolist(), (1 - wins).tolist())
    assert mcnemar(list(wins), list(1 - wins)) == expected and 0 < expected < 1e-8
