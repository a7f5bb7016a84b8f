from math import copysign, cos, sin

import pytest
import torch

from g2tr.scenes.textures import TEXTURES, Ground

PHI, X, Y = 1.3, 17.5, 60.5
FORMULAS = {
    "plain": 0.0,
    "stripes": sin(0.22 * (X + Y) + PHI),
    "checks": copysign(1, sin(0.2 * X + PHI) * sin(0.2 * Y + PHI)),
    "ramp": (X * cos(PHI) + Y * sin(PHI)) / 224,
    "dots": 1.4 if sin(0.35 * X + PHI) * sin(0.35 * Y) > 0.6 else 0.0,
}


def ground(height: int, width: int, seeds: list[int]) -> Ground:
    x, y = torch.arange(width) + 0.5, torch.arange(height) + 0.5
    return Ground(x[None, None], y[None, :, None], torch.full((len(seeds), 1, 1), PHI), torch.tensor(seeds))


@pytest.mark.parametrize("name", FORMULAS)
def test_the_first_textures_follow_their_formulas(name: str) -> None:
    assert TEXTURES[name](ground(100, 100, [1]))[0, 60, 17].item() == pytest.approx(FORMULAS[name], abs=1e-4)


@pytest.mark.parametrize("name", TEXTURES)
def test_textures_fill_any_size_within_bounds(name: str) -> None:
    field = TEXTURES[name](ground(70, 110, [1, 2]))
    assert field.shape == (2, 70, 110) and field.abs().max() < 8


@pytest.mark.parametrize("name", sorted(TEXTURES.keys() - FORMULAS.keys()))
def test_the_further_textures_have_edges_and_are_new_for_every_seed(name: str) -> None:
    field = TEXTURES[name](ground(168, 168, [1, 2]))
    assert (field[0] - field[1]).abs().mean() > 0.5
    assert field.std() > 0.8 and field[:, 1:].sub(field[:, :-1]).abs().max() > 0.2
