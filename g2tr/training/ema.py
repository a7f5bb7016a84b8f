"""Averaged weights: what is evaluated and exported."""

from copy import deepcopy

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class EMA(nn.Module):
    """θ̄ ← d · θ̄ + (1 - d) · θ after each step, with d = min(decay, (1 + step) / (10 + step)) so that it starts fast."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__()
        self.network = deepcopy(network).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Moves towards the weights after step number `step`."""
        blend = get_ema_multi_avg_fn(min(self.decay, (1 + step) / (10 + step)))
        blend(list(self.network.parameters()), list(network.parameters()), step)
