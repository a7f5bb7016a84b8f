import torch

from g2tr.reducers.importance.relevance import Relevance
from g2tr.reducers.tokens import Question, VisualTokens

FEATURES = torch.tensor([[2.0, 0.0], [0.0, 1.0], [-3.0, 0.0]])


def tokens(*rows: list[float]) -> VisualTokens:
    return VisualTokens(FEATURES, (1, 3), (Question(torch.tensor(rows)),))


def test_scores_are_mean_cosines_with_the_rows_of_the_question() -> None:
    assert Relevance()(tokens([5.0, 0.0])).tolist() == [1.0, 0.0, -1.0]
    assert Relevance()(tokens([5.0, 0.0], [0.0, 0.1])).tolist() == [0.5, 0.5, -0.5]


def test_the_sign_can_be_that_of_clip() -> None:
    assert Relevance(negated=True)(tokens([5.0, 0.0])).tolist() == [-1.0, 0.0, 1.0]


def test_without_a_question_all_tokens_are_alike() -> None:
    assert Relevance()(VisualTokens(FEATURES, (1, 3))).tolist() == [0.0, 0.0, 0.0]
