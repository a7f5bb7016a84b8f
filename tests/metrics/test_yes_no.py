import pytest

from g2tr.metrics.yes_no import bagel_mme, bagel_pope, is_unclear, lmms_eval_mme, lmms_eval_pope, vlmevalkit

READERS = (bagel_mme, lmms_eval_mme, bagel_pope, lmms_eval_pope, vlmevalkit)


@pytest.mark.parametrize(
    ("answer", "readings"),
    [
        ("Yes", ("yes", "yes", "yes", "yes", "yes")),
        ("no", ("no", "no", "no", "no", "no")),
        ("Yes.", ("yes", "yes", "yes", None, "yes")),
        ("NO", ("no", "no", "yes", "no", "no")),
        ("None", ("no", "no", "yes", None, None)),
        ("Not sure", ("no", "no", "yes", None, None)),
        ("Unclear", (None, None, "yes", None, None)),
        ("y", (None, "yes", "yes", None, None)),
        ("It is not there. Yes", (None, None, "no", None, "yes")),
        ("No, there is none", ("no", "no", "no", None, "no")),
        ("yes/no", ("yes", "yes", "yes", None, None)),
        ("True", ("yes", None, "yes", None, None)),
        ("不是", ("no", None, "yes", None, None)),
        ("\nyes", ("yes", "yes", "yes", "yes", "yes")),
    ],
)
def test_each_toolkit_reads_an_answer_in_its_own_way(answer: str, readings: tuple[str | None, ...]) -> None:
    assert tuple(read(answer) for read in READERS) == readings


def test_punctuation_within_words_parts_them_for_vlmevalkit_and_a_full_stop_joins_them() -> None:
    assert vlmevalkit("yes,it is") == "yes"
    assert vlmevalkit("yes.no") is None
    assert vlmevalkit("Answer:yes") is None


def test_an_answer_is_unclear_without_exactly_one_of_the_two_words() -> None:
    assert [is_unclear(answer) for answer in ("Yes.", "no!", "None", "yes or no", "")] == [
        False,
        False,
        True,
        True,
        True,
    ]
