import pytest

from g2tr.metrics.choices import bagel, leading_letter, lmms_eval_mmbench, lmms_eval_mmvp, vlmevalkit

OPTIONS = {"A": "square", "B": "circle", "C": "star"}
READERS = (bagel, lmms_eval_mmbench, lmms_eval_mmvp, vlmevalkit, leading_letter)


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("B", ("B", "B", "B", "B", "B")),
        ("B.", ("B", "B", "B", "B", "B")),
        ("(B)", (None, "B", "B", "B", "B")),
        ("b", (None, None, "B", None, "B")),
        ("B. circle", ("B", "B", "B", "B", "B")),
        ("circle", ("B", "B", None, "B", "B")),
        ("Circle", ("C", "B", None, "B", "B")),
        ("The answer is B", (None, "B", "B", "B", None)),
        ("A circle is what I see", ("A", "B", "A", "B", "A")),
        ("a square or a circle", ("A", None, "A", None, "A")),
        ("nothing", (None, None, None, None, None)),
        ("E", (None, "E", None, None, None)),
    ],
)
def test_each_toolkit_reads_a_letter_in_its_own_way(answer: str, letters: tuple[str | None, ...]) -> None:
    assert tuple(read(answer, OPTIONS) for read in READERS) == letters


def test_vlmevalkit_reads_a_letter_only_near_the_end_and_a_text_only_in_a_short_answer() -> None:
    assert vlmevalkit("B because of one two three four", OPTIONS) is None
    assert vlmevalkit("well then B it must surely be", OPTIONS) is None
    assert vlmevalkit("well it must be B my friend", OPTIONS) == "B"
    assert vlmevalkit("a circle, " + "and so on " * 10, OPTIONS) is None


def test_bagel_takes_the_first_option_that_it_finds_and_lmms_eval_only_the_only_one() -> None:
    answer = "either circle or star"
    assert bagel(answer, OPTIONS) == "B"
    assert lmms_eval_mmbench(answer, OPTIONS) is None


def test_lmms_eval_reads_a_letter_of_mmvp_from_the_end_of_any_word() -> None:
    assert lmms_eval_mmvp("Perhaps the banana", {"A": "x", "B": "y"}) == "A"
