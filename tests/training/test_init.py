import pytest
import torch

from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.network import BagelNetwork
from g2tr.training.init import initialise, sincos_table


@pytest.mark.parametrize(("table", "side"), [("vit_pos_embed", 16), ("latent_pos_embed", 14)])
def test_tables_are_those_of_the_embedded_model(table: str, side: int, bagel_tiny: Bagel) -> None:
    stored = getattr(bagel_tiny.parts.network, table).pos_embed
    assert torch.allclose(sincos_table(side, stored.shape[1]).to(stored), stored, atol=2.1e-3)


def test_weights_follow_the_seed_and_start_small(bagel_tiny: Bagel) -> None:
    one, same, other = (BagelNetwork(bagel_tiny.parts.network.config) for _ in range(3))
    for network, seed in ((one, 0), (same, 0), (other, 1)):
        initialise(network, seed)
    names = dict(one.named_parameters())
    assert all(torch.equal(weight, names[name]) for name, weight in same.named_parameters())
    assert not torch.equal(other.vae2llm.weight, one.vae2llm.weight)
    assert names["vit.layers.0.mlp.fc1.weight"].std().item() == pytest.approx(0.02, rel=0.05)
    assert names["vit.layers.0.mlp.fc2.weight"].std() < 0.01
    assert one.llm2vae.weight.abs().sum() == 0
    assert all(weight.isfinite().all() for weight in one.parameters())
