import pytest

from g2tr.metrics.open_answers import METRICS, anls, contains, edit_distance, exact, relaxed, vqa


@pytest.mark.parametrize(("said", "right"), [("Red", 1), ("red.", 1), (" red  ", 1), ("a red one", 0), ("", 0)])
def test_exact_ignores_case_spaces_and_a_full_stop(said: str, right: float) -> None:
    assert exact(said, ["blue", "red"]) == right


@pytest.mark.parametrize(("said", "right"), [("It is red, I think", 1), ("Reddish", 0), ("RED", 1), ("", 0)])
def test_contains_wants_whole_words(said: str, right: float) -> None:
    assert contains(said, ["red"]) == right


@pytest.mark.parametrize(("a", "b", "steps"), [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0)])
def test_edit_distance_of_known_words(a: str, b: str, steps: int) -> None:
    assert edit_distance(a, b) == edit_distance(b, a) == steps


def test_anls_is_one_minus_the_normalised_distance_and_nothing_below_a_half() -> None:
    assert anls("University of Basel", ["university of  basel"]) == 1
    assert anls("abcd", ["abce", "xyz"]) == 0.75
    assert anls("ab", ["ax"]) == 0.5
    assert anls("abc", ["axy"]) == anls("", ["abc"]) == 0


@pytest.mark.parametrize(
    ("said", "wanted", "right"),
    [("104", "100", 1), ("106", "100", 0), ("12%", "0.12", 1), ("0", "0.0", 0), ("Yes", "yes", 1), ("nan", "nan", 1)],
)
def test_relaxed_allows_five_percent_of_numbers_and_no_other_text(said: str, wanted: str, right: float) -> None:
    assert relaxed(said, [wanted]) == right


def test_vqa_accuracy_leaves_out_one_person_at_a_time() -> None:
    people = ["two"] * 3 + ["3"] * 7
    assert vqa("2", people) == pytest.approx((3 * 2 / 3 + 7 * 1) / 10)
    assert vqa("3", people) == 1
    assert vqa("four", people) == 0


@pytest.mark.parametrize("said", ["The dog.", "a dog", "dog!", "DOG"])
def test_vqa_compares_without_articles_and_punctuation(said: str) -> None:
    assert vqa(said, ["dog"] * 10) == 1
    assert vqa("don't know", ["dont know"] * 10) == 1
    assert vqa("1,000", ["1000"] * 10) == 1


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_is_one_for_the_answer_itself_and_nothing_for_no_answer(name: str) -> None:
    assert METRICS[name]("blue", ["blue"] * 4) == 1
    assert METRICS[name]("", ["blue"] * 4) == 0
