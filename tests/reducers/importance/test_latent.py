import pytest
import torch
from torch import Tensor

from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.tokens import Anchors, VisualTokens


def tokens_beside(features: Tensor, anchors: Tensor, cells: list[int]) -> VisualTokens:
    return VisualTokens(features, (1, len(features)), (Anchors(anchors, torch.tensor(cells)),))


def random_tokens(dtype: torch.dtype = torch.float32) -> VisualTokens:
    generator = torch.Generator().manual_seed(0)
    features, anchors = (torch.randn(n, 16, generator=generator).to(dtype) for n in (30, 4))
    return tokens_beside(features, anchors, [i % 4 for i in range(30)])


def test_scores_are_cosines_with_the_anchor_of_the_cell() -> None:
    features = torch.tensor([[3.0, 0.0], [3.0, 4.0], [-2.0, 0.0], [0.0, 5.0]])
    scores = Latent()(tokens_beside(features, torch.tensor([[2.0, 0.0], [0.0, 0.1]]), [0, 0, 0, 1]))
    torch.testing.assert_close(scores, torch.tensor([1.0, 0.6, -1.0, 1.0]))


def test_lengths_of_tokens_and_anchors_do_not_matter() -> None:
    tokens = random_tokens()
    anchors = tokens.read(Anchors)
    scaled = tokens_beside(tokens.features * 8, anchors.features / 4, anchors.cells.tolist())
    torch.testing.assert_close(Latent()(scaled), Latent()(tokens))


@pytest.mark.parametrize("chunk", [1, 7, 30, 31])
def test_scores_do_not_depend_on_the_chunk(chunk: int) -> None:
    assert Latent(chunk=chunk)(random_tokens()).equal(Latent()(random_tokens()))


def test_half_precision_is_scored_in_float32() -> None:
    tokens = random_tokens(torch.bfloat16)
    anchors = tokens.read(Anchors)
    exact = tokens_beside(tokens.features.float(), anchors.features.float(), anchors.cells.tolist())
    assert Latent()(tokens).dtype == torch.float32
    assert Latent()(tokens).equal(Latent()(exact))


def test_a_token_of_zeros_scores_zero() -> None:
    assert Latent()(tokens_beside(torch.zeros(1, 3), torch.ones(1, 3), [0])).tolist() == [0.0]


def test_anchors_are_asked_for() -> None:
    assert Latent().requires == {Anchors}
    with pytest.raises(LookupError, match="no Anchors"):
        Latent()(VisualTokens(torch.ones(1, 3), (1, 1)))
