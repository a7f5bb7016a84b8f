from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from g2tr.errors import InputError
from g2tr.reducers.anchors import anchor_cells
from g2tr.reducers.importance.latent import Latent
from g2tr.reducers.merge.nearest import Nearest, steps_between
from g2tr.reducers.selection.balanced import Balanced
from g2tr.reducers.tokens import Anchors, VisualTokens


def random_tokens(h: int, w: int, d: int = 12) -> VisualTokens:
    return VisualTokens(torch.randn(h * w, d, generator=torch.Generator().manual_seed(0)), (h, w))


def test_dropped_tokens_join_the_kept_one_of_highest_cosine() -> None:
    features = torch.tensor([[1.0, 0.0], [0.0, 1.0], [8.0, 1.0], [0.5, 3.0]])
    reduction = Nearest()(VisualTokens(features, (2, 2)), torch.tensor([0, 1]))
    assert reduction.assignment.tolist() == [0, 1, 0, 1]
    assert reduction.features.tolist() == [[4.5, 0.5], [0.25, 2.0]]
    assert reduction.sizes.tolist() == [2, 2]


def test_equal_similarities_go_to_the_lower_index() -> None:
    features = torch.tensor([[3.0, 3.0], [0.0, 2.0], [1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    reduction = Nearest()(VisualTokens(features, (1, 5)), torch.tensor([1, 2, 3]))
    assert reduction.assignment.tolist() == [0, 0, 1, 2, 0]


def test_weight_says_how_much_the_kept_token_counts() -> None:
    tokens = VisualTokens(torch.tensor([[1.0, 0.0], [4.0, 0.0], [7.0, 0.0]]), (1, 3))
    means = {
        weight: Nearest(weight=weight)(tokens, torch.tensor([0])).features[0, 0].item() for weight in (1.0, 2.0, 0.5)
    }
    assert means == {1.0: 12 / 3, 2.0: 13 / 4, 0.5: pytest.approx(11.5 / 2.5)}


@pytest.mark.parametrize("weight", [0.25, 1.0, 3.0])
def test_merging_keeps_the_weighted_sum(weight: float) -> None:
    tokens, kept = random_tokens(6, 9), torch.arange(0, 54, 3)
    reduction = Nearest(weight=weight)(tokens, kept)
    after = (reduction.features * (reduction.sizes - 1 + weight)[:, None]).sum(0)
    before = tokens.features.sum(0) + (weight - 1) * tokens.features[kept].sum(0)
    torch.testing.assert_close(after, before, rtol=1e-5, atol=1e-4)


def one_by_one(tokens: VisualTokens, kept: list[int], weight: float, radius: int) -> tuple[list[int], Tensor]:
    """The definition, token by token, in double precision."""
    v, width = tokens.features.double(), tokens.grid[1]
    sums, counts, assignment = v[kept] * weight, [weight] * len(kept), []
    for j in range(len(v)):
        near = [
            (F.cosine_similarity(v[j], v[i], dim=0).item(), -home)
            for home, i in enumerate(kept)
            if abs(j // width - i // width) <= radius and abs(j % width - i % width) <= radius
        ]
        assignment.append(kept.index(j) if j in kept else -max(near)[1] if near else -1)
        if j not in kept and near:
            sums[assignment[j]] += v[j]
            counts[assignment[j]] += 1
    return assignment, sums / torch.tensor(counts, dtype=torch.float64)[:, None]


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 99])
@pytest.mark.parametrize("weight", [1.0, 2.0])
def test_the_result_is_that_of_the_definition(radius: int, weight: float) -> None:
    tokens, kept = random_tokens(5, 8), [0, 3, 9, 17, 18, 31, 39]
    assignment, features = one_by_one(tokens, kept, weight, radius)
    reduction = Nearest(weight=weight, radius=radius, chunk=4)(tokens, torch.tensor(kept))
    assert reduction.assignment.tolist() == assignment
    torch.testing.assert_close(reduction.features.double(), features, rtol=1e-5, atol=1e-6)


def test_a_radius_keeps_tokens_from_merging_far_away() -> None:
    features = torch.tensor([[1.0, 0.0]] * 4 + [[0.0, 1.0]] * 5)
    tokens, kept = VisualTokens(features, (3, 3)), torch.tensor([0, 8])
    assert Nearest()(tokens, kept).assignment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert Nearest(radius=2)(tokens, kept).assignment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert Nearest(radius=1)(tokens, kept).assignment.tolist() == [0, 0, -1, 0, 1, 1, -1, 1, 1]


def test_a_radius_of_zero_drops_all_others() -> None:
    tokens, kept = random_tokens(3, 3), torch.tensor([0, 8])
    reduction = Nearest(radius=0)(tokens, kept)
    assert reduction.assignment.tolist() == [0, -1, -1, -1, -1, -1, -1, -1, 1]
    assert reduction.features.equal(tokens.features[kept])


def test_the_end_of_a_row_is_not_beside_the_start_of_the_next() -> None:
    ends = torch.tensor([2, 3])
    assert steps_between(ends, ends, (2, 3)).tolist() == [[0, 2], [2, 0]]
    assert Nearest(radius=1)(random_tokens(2, 3), torch.tensor([3])).assignment.tolist() == [0, 0, -1, 0, 0, -1]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_the_chunk_changes_no_home(chunk: int) -> None:
    tokens, kept = random_tokens(20, 20), torch.arange(0, 400, 3)
    whole, parts = Nearest()(tokens, kept), Nearest(chunk=chunk)(tokens, kept)
    assert parts.assignment.equal(whole.assignment)
    torch.testing.assert_close(parts.features, whole.features)


def test_sums_of_half_precision_tokens_are_float32() -> None:
    features = torch.ones(513, 2, dtype=torch.bfloat16)
    features[1:] = 1 + 2**-7
    merged = Nearest()(VisualTokens(features, (27, 19)), torch.tensor([0])).features
    assert merged.equal(torch.full((1, 2), 1 + 2**-7, dtype=torch.bfloat16))


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan")])
def test_a_weight_that_is_not_positive_is_refused(weight: float) -> None:
    with pytest.raises(InputError, match=r"merge\.weight must be positive"):
        Nearest(weight=weight)


def test_a_negative_radius_is_refused() -> None:
    with pytest.raises(InputError, match=r"merge\.radius must be null or at least 0, got -1"):
        Nearest(radius=-1)


class Produced(TorchDispatchMode):
    """Records the size of every tensor that an operation returns."""

    def __init__(self) -> None:
        super().__init__()
        self.tensors: list[tuple[int, str]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        self.tensors += [(x.numel(), f"{func} {x.dtype}") for x in tree_leaves(out) if isinstance(x, Tensor)]
        return out


def test_a_large_image_needs_no_tensor_of_more_than_k_by_n() -> None:
    n, k, d = 4900, 2450, 3584
    generator = torch.Generator().manual_seed(0)
    features, anchors = (torch.randn(m, d, generator=generator, dtype=torch.bfloat16) for m in (n, 1024))
    tokens = VisualTokens(features, (70, 70), (Anchors(anchors, anchor_cells((70, 70), (32, 32))),))
    with Produced() as produced:
        reduction = Nearest()(tokens, Balanced()(Latent()(tokens), tokens, k))
    assert reduction.features.shape == (k, d)
    assert any("float32" in name for _, name in produced.tensors)
    assert max(produced.tensors)[0] <= k * n, max(produced.tensors)
