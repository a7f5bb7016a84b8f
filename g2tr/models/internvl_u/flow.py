"""Flow sampling with two guidance scales: rows with the whole prompt, without its text, and without anything.

Source: `InternVLUDiffusionPipeline` of the official code; models-internvl-u.md section 4. Axes: z latent channels,
y, x latent rows and columns, s steps.
"""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.checkpoints.json_config import check_positive
from g2tr.models.engine.finite import require_finite
from g2tr.models.internvl_u.config import require
from g2tr.models.internvl_u.decoder import GenerationDecoder, Row
from g2tr.reducers.tokens import Grid

if TYPE_CHECKING:
    from diffusers import DPMSolverMultistepScheduler

Latent = Float[Tensor, "z y x"]
SCHEDULER_FILE = Path("scheduler/scheduler_config.json")
SCHEDULER: Mapping[str, object] = {
    "algorithm_type": "dpmsolver++",
    "solver_order": 2,
    "solver_type": "midpoint",
    "prediction_type": "flow_prediction",
    "use_flow_sigmas": True,
    "flow_shift": 3.0,
    "timestep_spacing": "linspace",
    "final_sigmas_type": "zero",
    "lower_order_final": True,
}
SWITCHES: Mapping[str, object] = {
    "num_train_timesteps": 1000,
    "beta_schedule": "linear",
    "steps_offset": 0,
    **dict.fromkeys(("trained_betas", "variance_type")),
    **dict.fromkeys(("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas"), False),
    **dict.fromkeys(("euler_at_final", "thresholding", "use_dynamic_shifting", "rescale_betas_zero_snr"), False),
}


class Rows(NamedTuple):
    """What guides an image: the whole prompt, its images without the text, and neither."""

    full: Row
    textless: Row
    empty: Row


class Velocities(NamedTuple):
    """The velocity of the same noise in each row."""

    full: Latent
    textless: Latent
    empty: Latent


@dataclass(frozen=True)
class Sampling:
    """How an image is denoised: solver steps, and how strongly its images and its text guide it.

    v = v_empty + part_scale · (v_textless - v_empty) + all_scale · (v_full - v_textless). At times above `threshold`,
    in [0, 1000], a difference whose norm n over the channels exceeds 1 is divided by n^exponent. Defaults are those
    of InternVL-U's `image` mode.
    """

    steps: int = 20
    all_scale: float = 4.5
    part_scale: float = 2.0
    threshold: float = 930.0
    exponent: float = 0.4

    def __post_init__(self) -> None:
        if type(self.steps) is not int or self.steps < 1:
            raise InputError(f"sampling.steps must be a whole number of at least 1, got {self.steps!r}")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if type(value) not in (int, float) or not math.isfinite(value):
                raise InputError(f"sampling.{field.name} must be a finite number, got {value!r}")


def read_scheduler(settings: Mapping[str, object], where: Path = SCHEDULER_FILE) -> "DPMSolverMultistepScheduler":
    """The solver by the contents of `scheduler/scheduler_config.json`; what is null or missing is the published value.

    `flow_shift` may be any number above 0. Raises `InputError` for another value that is not the published one.
    """
    from diffusers import DPMSolverMultistepScheduler

    stated = {name: value for name, value in settings.items() if value is not None}
    shift = stated.pop("flow_shift", SCHEDULER["flow_shift"])
    check_positive(shift, f"{where}: flow_shift")
    require(stated, {**SCHEDULER, **SWITCHES}, where)
    solver: DPMSolverMultistepScheduler = DPMSolverMultistepScheduler(**{**SCHEDULER, "flow_shift": shift})
    return solver


def started(solver: "DPMSolverMultistepScheduler", steps: int) -> "DPMSolverMultistepScheduler":
    """A solver of the same settings, at the first of `steps` steps."""
    fresh: DPMSolverMultistepScheduler = type(solver).from_config(solver.config)
    with warnings.catch_warnings():  # diffusers hands torch tensors to numpy in a way that numpy 2 deprecates
        warnings.simplefilter("ignore", DeprecationWarning)
        fresh.set_timesteps(steps)
    return fresh


def guide(velocities: Velocities, time: float, sampling: Sampling) -> Latent:
    """The guided velocity at a time in [0, 1000]."""
    full, textless, empty = velocities
    by_image, by_text = textless - empty, full - textless
    if time > sampling.threshold:
        by_image, by_text = damp(by_image, sampling.exponent), damp(by_text, sampling.exponent)
    return empty + sampling.part_scale * by_image + sampling.all_scale * by_text


def damp(difference: Latent, exponent: float) -> Latent:
    """Divides by the norm over channels to the power `exponent` where that norm is above 1."""
    norm: Tensor = torch.linalg.vector_norm(difference, dim=0, keepdim=True)
    return torch.where(norm > 1, difference / norm.clamp(min=1.0) ** exponent, difference)


def draw_noise(channels: int, size: Grid, generator: torch.Generator) -> Latent:
    """Latent noise of (rows, columns), drawn on the CPU, so that a seed means the same on every device."""
    return torch.randn((1, channels, *size), generator=generator)[0]


def denoise(
    decoder: GenerationDecoder,
    rows: Rows,
    noise: Latent,
    scheduler: "DPMSolverMultistepScheduler",
    sampling: Sampling,
) -> Latent:
    """The latent to which a solver takes the noise, in float32; a row that stands twice in `rows` is run once."""
    solver, latent = started(scheduler, sampling.steps), noise.to(decoder.device, torch.float32)
    readings = {row: decoder.read(row, decoder.grid(noise)) for row in dict.fromkeys(rows)}
    for time in solver.timesteps:
        found = {row: decoder(latent, float(time), reading) for row, reading in readings.items()}
        velocity = guide(Velocities(*(found[row] for row in rows)), float(time), sampling)
        latent = solver.step(velocity, time, latent).prev_sample
        require_finite(latent, "the latents", f"after the step at time {float(time):.0f}")
    return latent
