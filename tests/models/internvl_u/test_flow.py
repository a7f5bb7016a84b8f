from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.internvl_u.codec import LatentCodec
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.flow import (
    SCHEDULER,
    Sampling,
    Velocities,
    denoise,
    draw_noise,
    guide,
    read_scheduler,
    started,
)
from tests.models.bagel.published import rewrite_json
from tests.models.internvl_u.refusal import refusal
from tests.models.internvl_u.rows import recorded_rows

SIZE = (12, 16)


def constant(*numbers: float) -> Velocities:
    """Velocities of one channel and one place."""
    return Velocities(*(torch.full((1, 1, 1), number) for number in numbers))


@pytest.fixture(scope="module")
def sample(decoder: GenerationDecoder, golden: dict[str, Tensor], golden_config: dict[str, Any]) -> Tensor:
    noise = draw_noise(16, SIZE, torch.Generator().manual_seed(42))
    return denoise(decoder, recorded_rows(golden), noise, read_scheduler(golden_config["scheduler"]), Sampling(steps=4))


def test_the_recorded_sample(sample: Tensor, golden: dict[str, Tensor]) -> None:
    assert torch.allclose(sample.cpu(), golden["edit.sample4.latent"][0], rtol=0, atol=5e-5)


def test_the_recorded_sample_as_an_image(sample: Tensor, codec: LatentCodec, golden: dict[str, Tensor]) -> None:
    wanted = (127.5 * golden["edit.sample4.image"][0] + 128).clamp(0, 255).permute(1, 2, 0)
    assert (codec.decode(sample).float() - wanted.floor()).abs().max() <= 1


@pytest.mark.parametrize("settings", ["recorded", "default"])
def test_times_and_noise_levels_of_the_recorded_sample(
    settings: str, golden: dict[str, Tensor], golden_config: dict[str, Any]
) -> None:
    solver = started(read_scheduler(golden_config["scheduler"] if settings == "recorded" else SCHEDULER), 4)
    assert torch.equal(solver.timesteps.float(), golden["edit.sample4.timesteps"])
    assert torch.equal(solver.sigmas, golden["edit.sample4.sigmas"])


def test_a_row_that_guides_twice_is_run_once(
    decoder: GenerationDecoder, golden: dict[str, Tensor], golden_config: dict[str, Any]
) -> None:
    rows, calls = recorded_rows(golden), []
    hook = decoder.register_forward_pre_hook(lambda *_: calls.append(1))
    noise = draw_noise(16, SIZE, torch.Generator().manual_seed(0))
    shared = rows._replace(textless=rows.empty)
    denoise(decoder, shared, noise, read_scheduler(golden_config["scheduler"]), Sampling(steps=2))
    hook.remove()
    assert len(calls) == 2 * 2


def test_guidance_by_hand() -> None:
    sampling = Sampling(all_scale=4.5, part_scale=2.0)
    assert guide(constant(3.0, 2.0, 1.0), 900.0, sampling).item() == 1 + 2 * 1 + 4.5 * 1
    assert guide(constant(19.0, 3.0, 3.5), 999.0, sampling).item() == pytest.approx(3.5 - 1 + 4.5 * 16**0.6)
    assert guide(constant(19.0, 3.0, 3.5), 930.0, sampling).item() == 3.5 - 1 + 4.5 * 16  # the bound is open


def test_differences_are_damped_by_their_norm_over_the_channels() -> None:
    zeros, full = torch.zeros(2, 1, 2), torch.tensor([[[3.0, 0.3]], [[4.0, 0.4]]])
    found = guide(Velocities(full, zeros, zeros), 999.0, Sampling(all_scale=1.0))
    assert torch.allclose(found[:, 0, 0], torch.tensor([3.0, 4.0]) / 5**0.4)
    assert torch.equal(found[:, 0, 1], torch.tensor([0.3, 0.4]))


def test_with_both_scales_at_one_there_is_no_guidance() -> None:
    assert guide(constant(3.0, 2.0, 7.0), 10.0, Sampling(all_scale=1.0, part_scale=1.0)).item() == 3.0


def test_noise_follows_the_seed() -> None:
    draws = [draw_noise(16, SIZE, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"steps": 0}, "sampling.steps must be a whole number of at least 1, got 0"),
        ({"all_scale": float("nan")}, "sampling.all_scale must be a finite number, got nan"),
        ({"threshold": float("inf")}, "sampling.threshold must be a finite number, got inf"),
    ],
)
def test_senseless_sampling_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Sampling(**wrong)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"algorithm_type": "sde"}, "algorithm_type='sde' is not supported, only 'dpmsolver++'"),
        ({"solver_order": 3}, "solver_order=3 is not supported, only 2"),
        ({"prediction_type": "epsilon"}, "prediction_type='epsilon' is not supported, only 'flow_prediction'"),
        ({"use_flow_sigmas": False}, "use_flow_sigmas=False is not supported, only True"),
        ({"use_karras_sigmas": True}, "use_karras_sigmas=True is not supported, only False"),
        ({"trained_betas": [0.1]}, "trained_betas=[0.1] is not supported, only None"),
        ({"num_train_timesteps": 0}, "num_train_timesteps=0 is not supported, only 1000"),
        ({"timestep_spacing": "leading"}, "timestep_spacing='leading' is not supported, only 'linspace'"),
        ({"flow_shift": 0}, "flow_shift must be a number above 0, got 0"),
        ({"flow_shift": "x"}, "flow_shift must be a number above 0, got 'x'"),
    ],
)
def test_another_solver_is_refused_when_the_model_is_loaded(change: dict[str, Any], message: str, folder: Path) -> None:
    path = folder / "scheduler" / "scheduler_config.json"
    rewrite_json(path, lambda content: content.update(change))
    assert refusal(folder) == f"{path}: {message}"


def test_what_a_solver_does_not_state_is_the_published_value() -> None:
    assert dict(read_scheduler({}).config) == dict(read_scheduler(SCHEDULER).config)
    assert read_scheduler({"flow_shift": 2.0, "solver_type": None}).config.flow_shift == 2.0


@pytest.mark.parametrize("steps", [1, 2, 20])
def test_any_number_of_steps_ends_without_noise(steps: int) -> None:
    solver = started(read_scheduler(SCHEDULER), steps)
    assert len(solver.timesteps) == steps
    assert solver.sigmas[-1] == 0
