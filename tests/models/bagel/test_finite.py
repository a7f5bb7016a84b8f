"""A value that is not finite is named where it first appears."""

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.model import Bagel
from g2tr.models.checkpoints.safetensors_io import converted
from tests.models.bagel.published import refusal, rewrite_tensors

KEY = "language_model.model.layers.0.self_attn.q_proj.weight"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_are_checked_when_they_are_loaded(value: float, folder: Path) -> None:
    rewrite_tensors(folder / "ema.safetensors", lambda tensors: tensors[KEY].flatten()[:2].fill_(value))
    assert refusal(folder).startswith(f"ema.safetensors: {KEY} holds 2 of ")
    assert refusal(folder).endswith("values that are NaN or infinite")


def test_a_type_that_cannot_hold_the_weights_is_named() -> None:
    with pytest.raises(InputError, match="a: b has values that float16 cannot hold; use bfloat16"):
        converted(torch.tensor([1e6]), torch.float16, "a: b")


def spoiled(model: Bagel, *path: str) -> Bagel:
    """The model with a NaN in one of its weights."""
    network = copy.deepcopy(model.parts.network)
    network.get_parameter(".".join(path)).data.flatten()[0] = float("nan")
    return replace(model, parts=replace(model.parts, network=network))


def test_visual_features_are_checked_before_they_are_reduced(bagel_tiny: Bagel, scene: Image.Image) -> None:
    with pytest.raises(InputError, match="the visual features of a 224x224 image: .* values are NaN or infinite"):
        spoiled(bagel_tiny, "connector", "fc1", "bias").answer(scene, "what color ?")


def test_logits_are_checked_at_every_token(bagel_tiny: Bagel, scene: Image.Image) -> None:
    with pytest.raises(InputError, match="the logits of token 1: .* values are NaN or infinite"):
        spoiled(bagel_tiny, "language", "norms", "und", "weight").answer(scene, "what color ?")


def test_latents_are_checked_at_every_step(bagel_tiny: Bagel, scene: Image.Image) -> None:
    model = replace(spoiled(bagel_tiny, "llm2vae", "bias"), sampling=Sampling(num_timesteps=3, shift=1.0))
    with pytest.raises(InputError, match="the latents after the step at time 1: .* values are NaN or infinite"):
        model.edit(scene, "make it red")
