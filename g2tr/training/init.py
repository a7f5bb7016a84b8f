"""The weights that training starts from."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.vision import PositionTable

STD = 0.02
RESIDUAL = ("o_proj", "out_proj", "down_proj", "mlp.fc2")


def sincos_table(side: int, width: int) -> Float[Tensor, "n d"]:
    """One row for each cell of a square grid: the first half tells the column, the second the row.

    Each half is [sin | cos] of the coordinate times 10000^(-k / (d/4)). Source: models-bagel.md section 5.
    """
    rates = 10000.0 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    waves = torch.arange(side, dtype=torch.float64)[:, None] * rates
    line = torch.cat([waves.sin(), waves.cos()], dim=-1)
    columns, rows = line.expand(side, side, -1), line[:, None].expand(side, side, -1)
    return torch.cat([columns, rows], dim=-1).flatten(0, 1).float()


def initialise(network: BagelNetwork, seed: int) -> None:
    """Fills a network: normal matrices, smaller where they write to a residual stream, zero biases, fixed tables.

    `llm2vae` starts at zero, so that the first velocities are zero.
    """
    generator = torch.Generator().manual_seed(seed)
    depth = max(len(network.vit.layers), len(network.language.layers))
    with torch.no_grad():
        for name, module in network.named_modules():
            std = STD / (2 * depth) ** 0.5 if name.endswith(RESIDUAL) else STD
            fill(module, std, generator)
        network.llm2vae.weight.zero_()


def fill(module: nn.Module, std: float, generator: torch.Generator) -> None:
    """The own parameters of one module; norms start as ones from their constructors."""
    match module:
        case nn.Linear() | nn.Embedding():
            module.weight.normal_(std=std, generator=generator)
            if isinstance(module, nn.Linear) and module.bias is not None:
                module.bias.zero_()
        case PositionTable():
            cells, width = module.pos_embed.shape
            module.pos_embed.copy_(sincos_table(round(cells**0.5), width))
