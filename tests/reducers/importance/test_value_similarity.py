import torch

from g2tr.reducers.importance.value_similarity import ValueSimilarity, affinity, seeds_of
from g2tr.reducers.tokens import QueryValues, VisualTokens

# One head of width 1, so that a similarity is a product of two numbers.
VALUES = QueryValues(torch.tensor([[[1.0]]]), torch.tensor([[[0.0]], [[2.0]], [[1.0]], [[-1.0]]]))


def test_affinity_is_a_softmax_over_tokens() -> None:
    assert torch.allclose(affinity(VALUES.queries, VALUES.tokens)[0], torch.tensor([0.0, 2.0, 1.0, -1.0]).softmax(0))


def test_seeds_are_the_best_by_query_rows_and_at_least_one() -> None:
    assert seeds_of(VALUES, 0.01).tolist() == [1]
    assert seeds_of(VALUES, 0.5).tolist() == [1, 2]


def test_seeds_ask_beside_the_query_rows() -> None:
    tokens = VisualTokens(torch.zeros(4, 2), (2, 2), (VALUES,))
    rows = [torch.tensor([0.0, 2.0, 1.0, -1.0]).softmax(0), torch.tensor([0.0, 4.0, 2.0, -2.0]).softmax(0)]
    assert torch.allclose(ValueSimilarity()(tokens), torch.stack(rows).mean(0))


def test_heads_are_averaged() -> None:
    values = QueryValues(torch.tensor([[[1.0], [0.0]]]), torch.tensor([[[0.0], [5.0]], [[2.0], [7.0]]]))
    wanted = (torch.tensor([0.0, 2.0]).softmax(0) + torch.tensor([0.5, 0.5])) / 2
    assert torch.allclose(affinity(values.queries, values.tokens)[0], wanted)


def test_products_are_divided_by_the_root_of_the_head_width() -> None:
    wide = QueryValues(VALUES.queries.expand(1, 1, 4), VALUES.tokens.expand(4, 1, 4))
    wanted = torch.tensor([0.0, 4.0, 2.0, -2.0]).softmax(0)  # 4·x / √4
    assert torch.allclose(affinity(wide.queries, wide.tokens)[0], wanted)
