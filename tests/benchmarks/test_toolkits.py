import pytest

from g2tr.benchmarks.mmbench import MMBench
from g2tr.benchmarks.mme import MME
from g2tr.benchmarks.mmvp import MMVP
from g2tr.benchmarks.pope import POPE
from g2tr.benchmarks.realworldqa import RealWorldQA
from g2tr.benchmarks.toolkits import Question, choice, short_answer, template, unchanged
from g2tr.benchmarks.understanding import Understanding

QUESTION = Question("What is it?", {"A": "a cat", "B": "a dog"})
HINTED = Question("What is it?", {"A": "a cat", "B": "a dog"}, "It barks.")


def test_prompts_of_multiple_choice_to_the_letter() -> None:
    wish = "Answer with the option's letter from the given choices directly."
    assert choice(QUESTION) == f"What is it?\nA. a cat\nB. a dog\n{wish}"
    assert choice(HINTED) == f"It barks.\nWhat is it?\nA. a cat\nB. a dog\n{wish}"
    asked = "Question: What is it?\nOptions:\nA. a cat\nB. a dog\n"
    rest = f"{asked}Please select the correct answer from the options above. \n"
    assert template(QUESTION) == rest
    assert template(HINTED) == f"Hint: It barks.\n{rest}"


def test_a_wish_for_a_short_answer_is_not_said_twice() -> None:
    asked = "Is it?\nAnswer the question using a single word or phrase."
    assert short_answer(Question("Is it?")) == short_answer(Question(asked)) == asked
    assert unchanged(Question(" Is it? ")) == " Is it? "


@pytest.mark.parametrize(
    ("benchmark", "bagel", "lmms_eval"),
    [(MME, 20, 16), (POPE, 100, 128), (MMBench, 100, 1024), (MMVP, 100, 16), (RealWorldQA, None, 16)],
)
def test_an_answer_may_be_as_long_as_each_toolkit_lets_it_be(
    benchmark: type[Understanding], bagel: int | None, lmms_eval: int
) -> None:
    longest = {"bagel": bagel, "lmms_eval": lmms_eval, "vlmevalkit": 128}
    for protocol, rules in benchmark.protocols.items():
        family = next(name for name in longest if protocol.startswith(name))
        assert rules.max_tokens == longest[family], protocol
