import pytest

from g2tr.metrics.detection import detection_scores


def test_precision_recall_and_f1_by_hand() -> None:
    scores = detection_scores(found=3.0, claimed=4.0, present=6.0)
    assert scores == {"precision": 0.75, "recall": 0.5, "f1": pytest.approx(0.6)}


def test_what_is_not_defined_is_0() -> None:
    assert set(detection_scores(0.0, 0.0, 0.0).values()) == {0.0}
