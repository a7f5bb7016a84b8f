import pytest

from g2tr.errors import InputError
from g2tr.metrics.clusters import all_right


def test_a_cluster_is_right_where_all_its_questions_are_answered_rightly() -> None:
    answers = [("a", 2, 1.0), ("b", 2, 1.0), ("a", 2, 1.0), ("b", 2, 0.0)]
    assert all_right(answers) == {"a": 1.0, "b": 0.0}


def test_a_missing_answer_is_a_wrong_one() -> None:
    assert all_right([("a", 2, 1.0)]) == {"a": 0.0}


def test_answers_without_a_cluster_are_refused() -> None:
    with pytest.raises(InputError, match="names no cluster"):
        all_right([("", 2, 1.0)])
