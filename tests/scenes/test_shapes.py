import pytest
import torch

from g2tr.scenes.scene import Thing
from g2tr.scenes.shapes import DISTANCES
from g2tr.scenes.words import SHAPES, SIGN

# Points on the outline, and one inside and one outside.
POINTS = {
    "circle": ([(1, 0), (0.6, -0.8)], (0.5, 0.5), (0.8, 0.8)),
    "square": ([(0.88, 0.3), (-0.2, -0.88)], (0.8, 0.8), (0.9, 0)),
    "triangle": ([(0, 0.75), (0, -1)], (0, 0), (0.5, -0.5)),
    "star": ([(0, -1.04)], (0, 0), (0, 0.9)),
    "cross": ([(0.97, 0), (0.34, 0.9)], (0.9, 0.3), (0.5, 0.5)),
    "ring": ([(0.99, 0), (0, -0.49)], (0.7, 0), (0, 0)),
    "moon": ([(-1, 0), (-0.37, 0)], (-0.7, 0), (0.2, 0)),
    "diamond": ([(1.1, 0), (0.55, -0.55)], (0.5, 0.5), (0.8, 0.8)),
    "sign": ([(1.36, 0), (1, 0.75)], (1.3, 0.7), (0, 0.8)),
}


def distance(shape: str, x: float, y: float) -> float:
    return DISTANCES[shape](torch.full((1, 1, 1), x), torch.full((1, 1, 1), y)).item()


@pytest.mark.parametrize("shape", [*SHAPES, SIGN])
def test_outlines_lie_where_they_should(shape: str) -> None:
    outline, inside, outside = POINTS[shape]
    assert all(distance(shape, float(x), float(y)) == pytest.approx(0, abs=1e-3) for x, y in outline)
    assert distance(shape, *map(float, inside)) < 0 < distance(shape, *map(float, outside))


@pytest.mark.parametrize("shape", [*SHAPES, SIGN])
@pytest.mark.parametrize("radius", [11, 14, 23, 27])
def test_nothing_lies_beyond_the_reach(shape: str, radius: int) -> None:
    reach = Thing(0, 0, shape, "red", radius).reach
    across = (torch.arange(-80, 80) + 0.5)[None, None]
    covered = 0.5 - DISTANCES[shape](across / radius, across.mT / radius)[0] * radius > 0
    rows, columns = covered.nonzero(as_tuple=True)
    assert max((across[0, 0, rows].abs().max(), across[0, 0, columns].abs().max())) < reach
