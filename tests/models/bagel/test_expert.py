import copy

import torch
import torch.nn.functional as F

from g2tr.models.bagel.expert import RMSNorm, rotate, rotation
from g2tr.models.bagel.model import Bagel


def test_the_norm_is_that_of_torch() -> None:
    norm = RMSNorm(16, 1e-6)
    torch.nn.init.normal_(norm.weight)
    x = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(norm(x), F.rms_norm(x, (16,), norm.weight, 1e-6), atol=1e-6)


def test_the_norm_is_computed_in_float32() -> None:
    x = torch.full((1, 8), 300.0, dtype=torch.float16)  # its square is no float16
    assert torch.equal(RMSNorm(8, 1e-6).half()(x), torch.ones(1, 8, dtype=torch.float16))


def test_rotary_products_depend_on_the_distance_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    q, k = torch.randn(2, 1, 1, 16, generator=generator)

    def product(place: int, other: int) -> torch.Tensor:
        rotaries = [rotation(torch.tensor([position]), 16, 1e6) for position in (place, other)]
        return (rotate(q, rotaries[0]) * rotate(k, rotaries[1])).sum()

    assert torch.allclose(product(3, 7), product(103, 107), atol=1e-5)
    assert not torch.allclose(product(3, 7), product(3, 8), atol=1e-3)


def test_rotation_keeps_the_length_and_leaves_position_zero_alone() -> None:
    x = torch.randn(4, 2, 16, generator=torch.Generator().manual_seed(0))
    turned = rotate(x, rotation(torch.arange(4), 16, 1e6))
    assert torch.allclose(turned.norm(dim=-1), x.norm(dim=-1), atol=1e-5)
    assert torch.equal(turned[0], x[0])


def test_precise_queries_are_rounded_once(bagel: Bagel) -> None:
    expert = copy.deepcopy(bagel.parts.network.language.layers[0].expert("gen")).cpu().bfloat16()
    x = torch.randn(40, 64, generator=torch.Generator().manual_seed(0)).bfloat16()
    rotary = rotation(torch.arange(40), 16, 1e6)
    q = expert.q_proj(expert.input_layernorm(x)).unflatten(-1, (-1, 16))
    once = rotate(expert.q_norm(q.float()), rotary).bfloat16()
    assert torch.equal(expert.project(x, rotary, precise=True)[0], once)
    assert not torch.equal(expert.project(x, rotary, precise=False)[0], once)
