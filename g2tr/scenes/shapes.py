"""Signed distances of the shapes: negative inside, in units of the radius, y pointing down."""

from collections.abc import Callable
from math import tau

import torch
from jaxtyping import Float
from torch import Tensor

X = Float[Tensor, "n 1 p"]
Y = Float[Tensor, "n p 1"]
Distance = Float[Tensor, "n p p"]


def circle(x: X, y: Y) -> Distance:
    """q - 1, q the distance to the centre."""
    return radius(x, y) - 1


def square(x: X, y: Y) -> Distance:
    """max(|x|, |y|) - 0.88."""
    return torch.maximum(x.abs(), y.abs()) - 0.88


def triangle(x: X, y: Y) -> Distance:
    """max(y - 0.75, 0.873 |x| - 0.488 (y + 1))."""
    return torch.maximum(y - 0.75, 0.873 * x.abs() - 0.488 * (y + 1))


def star(x: X, y: Y) -> Distance:
    """0.8 (q - 0.42 - 0.62 t), t a triangle wave of the angle with five periods."""
    q = radius(x, y)
    # Not atan2, whose last bit on a CPU depends on where in a batch a number lies.
    turn = 5 * torch.acos(-y / q.clamp(min=1e-6)) / tau
    wave = 2 * (turn - turn.floor() - 0.5).abs()
    return 0.8 * (q - (0.42 + 0.62 * wave))


def cross(x: X, y: Y) -> Distance:
    """The union of two bars of half sides 0.34 and 0.97."""
    a, b = x.abs(), y.abs()
    return torch.minimum(torch.maximum(a - 0.34, b - 0.97), torch.maximum(b - 0.34, a - 0.97))


def ring(x: X, y: Y) -> Distance:
    """|q - 0.74| - 0.25."""
    return (radius(x, y) - 0.74).abs() - 0.25


def moon(x: X, y: Y) -> Distance:
    """A disc without the disc of radius 0.82 around (0.45, 0)."""
    return torch.maximum(radius(x, y) - 1, 0.82 - radius(x - 0.45, y))


def diamond(x: X, y: Y) -> Distance:
    """0.707 (|x| + |y| - 1.1)."""
    return 0.707 * (x.abs() + y.abs() - 1.1)


def sign(x: X, y: Y) -> Distance:
    """A plate of half sides 1.36 and 0.75, wide enough for three characters."""
    return torch.maximum(x.abs() - 1.36, y.abs() - 0.75)


def radius(x: X, y: Y) -> Distance:
    """Distance to the centre."""
    return (x.square() + y.square()).sqrt()


DISTANCES: dict[str, Callable[[X, Y], Distance]] = {
    "circle": circle,
    "square": square,
    "triangle": triangle,
    "star": star,
    "cross": cross,
    "ring": ring,
    "moon": moon,
    "diamond": diamond,
    "sign": sign,
}
