from g2tr.metrics.answers import exact_match


def test_the_right_words_score_one_whatever_the_blanks() -> None:
    assert exact_match(" red  star ", "red star") == 1.0


def test_other_words_fewer_words_and_silence_score_zero() -> None:
    assert [exact_match(answer, "red star") for answer in ("red", "star red", "red stars", "")] == [0.0] * 4


def test_silence_is_wrong_even_where_nothing_was_expected() -> None:
    assert exact_match("", "") == 0.0
