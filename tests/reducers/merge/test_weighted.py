import pytest
import torch
import torch.nn.functional as F

from g2tr.errors import InputError
from g2tr.reducers.merge.weighted import Weighted
from g2tr.reducers.tokens import VisionAttention, VisualTokens

FEATURES = torch.tensor([[1.0, 0.0], [0.0, 1.0], [4.0, 1.0], [1.0, 4.0], [-1.0, 0.0]])
RECEIVED = torch.tensor([[0.1, 0.2, 0.3, 0.4, 0.0], [0.5, 0.25, 0.5, 0.25, 1.0]])
TOKENS = VisualTokens(FEATURES, (1, 5), (VisionAttention(RECEIVED),))


def test_a_kept_token_adds_its_nearest_weighted_by_attention() -> None:
    reduction = Weighted(neighbours=1)(TOKENS, torch.tensor([0, 1]))
    assert reduction.features.tolist() == [[3.0, 0.5], [0.25, 2.0]]
    assert reduction.assignment.tolist() == [0, 1, 0, 1, -1]


def test_kept_tokens_are_taken_in_too_as_they_were() -> None:
    reduction = Weighted(neighbours=1)(TOKENS, torch.tensor([0, 2]))
    assert reduction.features.tolist() == [[3.0, 0.5], [4.5, 1.0]]  # each is the nearest of the other
    assert reduction.assignment.tolist() == [0, -1, 1, -1, -1]


def test_a_token_that_several_take_in_lives_in_the_most_similar() -> None:
    reduction = Weighted(neighbours=4)(TOKENS, torch.tensor([0, 1]))
    assert reduction.assignment.tolist() == [0, 1, 0, 1, 1]


def test_the_weights_are_those_of_the_layer() -> None:
    reduction = Weighted(neighbours=1, layer=0)(TOKENS, torch.tensor([0]))
    torch.testing.assert_close(reduction.features, torch.tensor([[1.0 + 0.3 * 4, 0.3]]))


@pytest.mark.parametrize("neighbours, chunk", [(1, 1), (5, 4), (32, 7), (99, 512)])
def test_the_result_is_that_of_the_definition(neighbours: int, chunk: int) -> None:
    generator = torch.Generator().manual_seed(0)
    v, a = torch.randn(50, 8, generator=generator), torch.rand(1, 50, generator=generator)
    kept = list(range(0, 50, 4))
    reduction = Weighted(neighbours, chunk=chunk)(VisualTokens(v, (5, 10), (VisionAttention(a),)), torch.tensor(kept))
    unit, takers = F.normalize(v, dim=-1).double(), {j: [] for j in range(50)}
    for home, i in enumerate(kept):
        near = sorted((j for j in range(50) if j != i), key=lambda j: -(unit[i] @ unit[j]).item())[:neighbours]
        expected = v[i] + sum((a[0, j] * v[j] for j in near), torch.zeros(8))
        torch.testing.assert_close(reduction.features[home], expected, rtol=1e-5, atol=1e-5)
        for j in near:
            takers[j].append(((unit[i] @ unit[j]).item(), home))
    assignment = [kept.index(j) if j in kept else max(takers[j])[1] if takers[j] else -1 for j in range(50)]
    assert reduction.assignment.tolist() == assignment


@pytest.mark.parametrize("neighbours", [0, -1, True])
def test_a_number_of_neighbours_below_one_is_refused(neighbours: int) -> None:
    with pytest.raises(InputError, match=r"merge\.neighbours must be a whole number of at least 1"):
        Weighted(neighbours)
