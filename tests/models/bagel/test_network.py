from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from g2tr.models.bagel.load import GENERATION
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.network import empty_network, published_name
from g2tr.models.checkpoints.safetensors_io import read_shapes


@pytest.mark.parametrize("generation", [True, False])
def test_parameters_and_published_keys_are_one_to_one(generation: bool, bagel: Bagel, checkpoint: Path) -> None:
    network = empty_network(bagel.parts.network.config, generation)
    names = [published_name(name) for name in network.state_dict()]
    stored = [key for key in read_shapes(checkpoint / "ema.safetensors") if generation or not GENERATION.search(key)]
    assert sorted(names) == sorted(stored)
    assert network.generates == generation


def test_every_parameter_holds_the_tensor_of_its_published_key(bagel: Bagel, checkpoint: Path) -> None:
    stored = load_file(checkpoint / "ema.safetensors")
    state = bagel.parts.network.state_dict()
    assert [name for name, value in state.items() if not torch.equal(value.cpu(), stored[published_name(name)])] == []


def test_an_empty_network_takes_no_memory(bagel: Bagel) -> None:
    assert all(parameter.is_meta for parameter in empty_network(bagel.parts.network.config, True).parameters())


@pytest.mark.parametrize(
    "name, key",
    [
        ("language.layers.3.experts.und.q_proj.weight", "language_model.model.layers.3.self_attn.q_proj.weight"),
        (
            "language.layers.3.experts.gen.k_norm.weight",
            "language_model.model.layers.3.self_attn.k_norm_moe_gen.weight",
        ),
        ("language.layers.0.experts.gen.up_proj.weight", "language_model.model.layers.0.mlp_moe_gen.up_proj.weight"),
        ("language.norms.gen.weight", "language_model.model.norm_moe_gen.weight"),
        ("language.norms.und.weight", "language_model.model.norm.weight"),
        ("vit.layers.7.mlp.fc1.bias", "vit_model.vision_model.encoder.layers.7.mlp.fc1.bias"),
        ("vae2llm.weight", "vae2llm.weight"),
    ],
)
def test_names_of_the_released_checkpoint(name: str, key: str) -> None:
    assert published_name(name) == key
