import math

import torch

from g2tr.models.internvl_u.embedding import TimeEmbedding, rotate, rotations
from tests.models.internvl_u.times import recorded_waves


def test_times_are_embedded_a_thousand_fold_with_cosines_first() -> None:
    embedding = TimeEmbedding(256).requires_grad_(False)
    seen = []
    embedding.timestep_embedder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    embedding(torch.tensor(0.25))
    angles = 250 * 10_000 ** (-torch.arange(128) / 128)
    assert torch.allclose(seen[0], torch.cat([angles.cos(), angles.sin()]), atol=1e-4)


def test_each_axis_turns_its_own_channels() -> None:
    rotaries = rotations(torch.tensor([[1.0, 2.0, 3.0]]), (2, 4, 2))
    wanted = torch.tensor([1.0, 2.0, 2.0 / 100, 3.0])
    assert torch.allclose(rotaries[0], torch.polar(torch.ones(4), wanted))


def test_neighbouring_channels_are_turned_together() -> None:
    quarter = torch.polar(torch.ones(1, 2), torch.tensor([[torch.pi / 2, 0.0]]))
    x = torch.tensor([[[1.0, 0.0, 3.0, 4.0]]])
    assert torch.allclose(rotate(x, quarter), torch.tensor([[[0.0, 1.0, 3.0, 4.0]]]), atol=1e-6)


def test_rotated_dot_products_depend_on_the_distance_alone() -> None:
    q, k = torch.randn(2, 1, 1, 24, generator=torch.Generator().manual_seed(0)).unbind()
    places = torch.tensor([[1.0, -2.0, 3.0], [4.0, 4.0, 4.0]])
    rotaries, shift_rows = (rotations(p, (8, 8, 8)) for p in (places, places + 7))
    dots = [(rotate(q, t[:1]) * rotate(k, t[1:])).sum() for t in (rotaries, shift_rows)]
    assert torch.allclose(*dots, atol=1e-4)


def test_the_time_is_embedded_by_the_formula_and_not_by_float32_angles() -> None:
    """The recorded sinusoids miss the formula by the rounding of their angles; ours do not."""
    embedding = TimeEmbedding(256).requires_grad_(False)
    seen = []
    embedding.timestep_embedder.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    for time, recorded in recorded_waves().items():
        embedding(torch.tensor(time))
        angles = [1000 * time * 10_000 ** (-k / 128) for k in range(128)]
        wanted = torch.tensor([f(angle) for f in (math.cos, math.sin) for angle in angles])
        assert torch.allclose(seen[-1], wanted, rtol=0, atol=1e-7)
        assert 0.01 < (recorded - wanted).abs().max() < 0.1
