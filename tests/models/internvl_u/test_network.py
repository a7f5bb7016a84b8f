import torch
from torch import Tensor

from g2tr.models.checkpoints.safetensors_io import TensorSource
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.network import empty_network, stored_as
from tests.models.internvl_u.test_cost import FULL_SIZE


def test_every_stored_tensor_has_a_place_and_is_used_in_full(
    recorded: InternVLU, tiny_weights: dict[str, dict[str, Tensor]]
) -> None:
    places = [stored_as(name) for name in recorded.parts.network.state_dict()]
    stored = tiny_weights["vlm"]
    assert {place.key for place in places} == stored.keys()
    assert len(set(places)) == len(places)
    assert all(sum(place.key == key for place in places) == (3 if "qkv" in key else 1) for key in stored)


def test_queries_keys_and_values_are_thirds_of_one_tensor(
    recorded: InternVLU, tiny_weights: dict[str, dict[str, Tensor]]
) -> None:
    whole = tiny_weights["vlm"]["vision_model.encoder.layers.1.attn.qkv.weight"]
    attention = recorded.parts.network.vision_model.encoder.layer[1].attention
    thirds = [getattr(attention, f"{part}_proj").weight.cpu() for part in "qkv"]
    assert torch.equal(torch.cat(thirds), whole)


def test_names_of_the_language_model_are_those_of_the_library() -> None:
    assert stored_as("language_model.lm_head.weight") == TensorSource("language_model.lm_head.weight")


def test_the_published_network_has_its_tensors_and_parameters() -> None:
    network = empty_network(FULL_SIZE)
    state = network.state_dict()
    assert len({stored_as(name).key for name in state}) == 658
    assert round(sum(value.numel() for value in state.values()) / 1e9, 2) == 2.35
    assert all(value.is_meta for value in state.values())
