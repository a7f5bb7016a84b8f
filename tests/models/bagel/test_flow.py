from typing import Any

import pytest
import torch

from g2tr.errors import InputError
from g2tr.models.bagel.flow import RENORMS, Sampling, TimeEmbedding, guide

V, TEXT, IMAGE = (torch.randn(6, 8, generator=torch.Generator().manual_seed(seed)) for seed in range(3))


def test_times_fall_from_one_to_zero_and_are_shifted_towards_noise() -> None:
    assert Sampling(5, shift=1.0).times().tolist() == [1, 0.75, 0.5, 0.25, 0]
    assert Sampling(5, shift=3.0).times().tolist() == pytest.approx([1, 0.9, 0.75, 0.5, 0])


@pytest.mark.parametrize(
    "time, text, image, wanted",
    [
        (0.4, 4.0, 2.0, (False, False)),  # the interval is open below
        (0.5, 4.0, 2.0, (True, True)),
        (1.0, 4.0, 2.0, (True, True)),
        (1.0, 4.0, 1.0, (True, False)),
        (1.0, 1.0, 2.0, (False, False)),  # without text guidance there is none
    ],
)
def test_guidance_acts_inside_its_interval(time: float, text: float, image: float, wanted: tuple[bool, bool]) -> None:
    assert Sampling(text_scale=text, image_scale=image, interval=(0.4, 1.0)).guides(time) == wanted


@pytest.mark.parametrize("renorm", RENORMS)
@pytest.mark.parametrize("other", [None, V])
def test_guidance_away_from_the_same_velocity_changes_nothing(renorm: str, other: torch.Tensor | None) -> None:
    assert torch.allclose(guide(V, V, other, Sampling(renorm=renorm)), V, atol=1e-6)


@pytest.mark.parametrize("renorm, axis", [("global", None), ("channel", -1), ("text_channel", -1)])
def test_a_guided_velocity_is_shrunk_to_the_norm_of_the_plain_one(renorm: str, axis: int | None) -> None:
    guided = guide(V, TEXT, None, Sampling(text_scale=4.0, renorm=renorm))
    plain = TEXT + 4 * (V - TEXT)
    norms = [torch.linalg.vector_norm(x, dim=axis, keepdim=True) for x in (V, plain)]
    assert torch.allclose(guided, plain * (norms[0] / norms[1]).clamp(max=1), atol=1e-5)


def test_image_guidance_comes_after_the_renormalisation_by_text_channel_and_before_the_others() -> None:
    early = guide(V, TEXT, IMAGE, Sampling(renorm="text_channel"))
    assert torch.allclose(early, IMAGE + 2 * (guide(V, TEXT, None, Sampling(renorm="text_channel")) - IMAGE))
    late = guide(V, TEXT, IMAGE, Sampling(renorm="channel"))
    assert (late.norm(dim=-1) <= V.norm(dim=-1) + 1e-5).all()


def test_renormalisation_shrinks_by_no_less_than_its_floor() -> None:
    plain = TEXT + 100 * (V - TEXT)
    assert torch.allclose(guide(V, TEXT, None, Sampling(text_scale=100.0, renorm_min=1.0)), plain)


@pytest.mark.parametrize("wrong", [{"renorm": "local"}, {"num_timesteps": 1}])
def test_senseless_sampling_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"unknown renorm 'local'|num_timesteps must be at least 2, got 1"):
        Sampling(**wrong)


def test_times_are_embedded_unscaled_with_cosines_first() -> None:
    embedding = TimeEmbedding(4)
    embedding.mlp = torch.nn.Sequential(torch.nn.Linear(256, 256))
    torch.nn.init.eye_(embedding.mlp[0].weight)
    torch.nn.init.zeros_(embedding.mlp[0].bias)
    rates = 10_000 ** (-torch.arange(128) / 128)
    wanted = torch.cat([(0.3 * rates).cos(), (0.3 * rates).sin()])
    assert torch.allclose(embedding(0.3)[0], wanted, atol=1e-6)
