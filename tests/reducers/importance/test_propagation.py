import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from g2tr.reducers.importance.propagation import Propagation
from g2tr.reducers.tokens import VisualTokens


def tokens_of(features: Tensor) -> VisualTokens:
    return VisualTokens(features, (1, len(features)))


def by_matrix_power(features: Tensor, steps: int) -> Tensor:
    cosines = F.normalize(features, dim=-1) @ F.normalize(features, dim=-1).T
    links = torch.where(cosines >= 0.5, cosines / 0.03, -5000).softmax(-1)
    flow = features.norm(dim=-1) @ torch.matrix_power(links, steps)
    return flow / (links > 0).sum(-1)


def test_a_token_without_neighbours_keeps_its_norm() -> None:
    assert Propagation()(tokens_of(torch.tensor([[3.0, 0.0], [0.0, 2.0]]))).tolist() == [3.0, 2.0]


def test_equal_tokens_share_their_norms_and_divide_by_their_number() -> None:
    scores = Propagation()(tokens_of(torch.tensor([[1.0, 0.0], [3.0, 0.0], [0.0, 5.0]])))
    torch.testing.assert_close(scores, torch.tensor([1.0, 1.0, 5.0]))  # (1 + 3) / 2 each, over 2 neighbours


@pytest.mark.parametrize("chunk", [1, 7, 40])
@pytest.mark.parametrize("steps", [1, 5])
def test_vector_products_equal_the_matrix_power(steps: int, chunk: int) -> None:
    features = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    scores = Propagation(steps=steps, chunk=chunk)(tokens_of(features))
    torch.testing.assert_close(scores, by_matrix_power(features, steps))


def test_a_token_of_zeros_is_scored() -> None:
    assert Propagation()(tokens_of(torch.zeros(2, 3))).tolist() == [0.0, 0.0]


def test_as_published_information_flows_five_steps() -> None:
    features = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(Propagation()(tokens_of(features)), by_matrix_power(features, 5))
