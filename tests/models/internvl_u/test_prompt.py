from typing import Any

import pytest

from g2tr.errors import InputError
from g2tr.models.internvl_u.prompt import ANSWER, USER, System, system_turn, tidy, user_pieces


@pytest.mark.parametrize(
    "text, written",
    [
        ("what is it", "What is it."),
        (" Why? ", "Why?"),
        ("the list:", "The list:"),
        ("a, b,", "A, b,"),
        ("élan", "Élan."),
        ("2 + 2", "2 + 2."),
    ],
)
def test_a_text_is_written_as_the_official_processor_writes_it(text: str, written: str) -> None:
    assert tidy(text) == written


def test_images_without_a_slot_stand_before_the_text_each_on_its_line() -> None:
    assert user_pieces("why", 2) == [USER, 0, "\n", 1, f"\nWhy.{ANSWER}"]


def test_images_stand_in_their_slots() -> None:
    assert user_pieces("Is <image> like <image>?", 2) == [f"{USER}Is ", 0, " like ", 1, f"?{ANSWER}"]
    assert user_pieces("Is it like <image>?", 2) == [USER, 0, "\nIs it like ", 1, f"?{ANSWER}"]


def test_between_adjacent_slots_there_is_nothing_to_read() -> None:
    assert user_pieces("<image><image> compare", 2) == [USER, 0, 1, f" compare.{ANSWER}"]


def test_the_text_can_stand_first() -> None:
    assert user_pieces("why", 1, text_first=True) == [f"{USER}Why.\n", 0, ANSWER]


def test_more_slots_than_images_are_refused() -> None:
    with pytest.raises(InputError, match="the prompt has 1 slots <image>, but there are 0 images"):
        user_pieces("Is <image> red?", 0)


def test_a_system_turn_has_markers_around_it() -> None:
    assert system_turn("S.") == "<|im_start|>system\nS.<|im_end|>\n"


def test_the_checkpoint_answers_in_its_own_words_where_it_has_some() -> None:
    assert System().answering("Theirs.") == "Theirs."
    assert System(answer="Mine.").answering("Theirs.") == "Mine."
    assert System().answering("")


def test_an_empty_message_of_ones_own_switches_the_checkpoints_off() -> None:
    assert System(answer="").answering("Theirs.") == ""


@pytest.mark.parametrize("wrong", [{"edit": None}, {"generate": 5}, {"answer": ["a"]}])
def test_a_message_that_is_no_text_is_refused(wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    system = System()
    object.__setattr__(system, name, value)  # as a YAML file may, outside of tests, where types are not checked
    with pytest.raises(InputError, match=f"system.{name} must be a text, got "):
        system.__post_init__()
