import torch
from torch import nn

from g2tr.training.ema import EMA


def test_the_average_follows_fast_at_first_and_slowly_later() -> None:
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(0.0)
    average = EMA(network, decay=0.99)
    network.weight.data.fill_(1.0)
    (own,) = average.network.parameters()
    average.update(network, 0)
    assert torch.isclose(own, torch.tensor(0.9)).all()
    own.data.fill_(0.0)
    average.update(network, 10_000)
    assert torch.isclose(own, torch.tensor(0.01)).all()
    assert not own.requires_grad
