"""What stands in a sequence: texts, images as ViT tokens, images as latents.

Shapes: b sequences, n rows of a piece, d width, p values of a latent patch.
"""

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.transforms import to_patches
from g2tr.models.engine.layout import grid_positions
from g2tr.training.dense_forward import PADDING_BLOCK, Piece, attend_images
from g2tr.training.token_rows import IMAGE_END, IMAGE_START, TokenRows


def pixels(images: UInt8[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Pixel values in [-1, 1]."""
    return (images.float() / 255 - 0.5) / 0.5


def text_piece(network: BagelNetwork, texts: TokenRows, shared: Bool[Tensor, "b n"]) -> Piece:
    """Padded texts as rows."""
    return Piece(network.embed(texts.ids.flatten()).unflatten(0, texts.ids.shape), *texts[1:3], shared, causal=True)


def see(
    network: BagelNetwork,
    images: UInt8[Tensor, "b 3 h w"],
    block: int,
    ratios: Float[Tensor, " b"],
    chance: torch.Generator,
) -> Piece:
    """Images through ViT and connector, as block `block` at position `block`; a random share of their tokens stays."""
    side, count = network.config.vision.patch_size, len(images)
    patches = torch.vmap(to_patches, in_dims=(0, None))(pixels(images), side)
    grid = (images.shape[2] // side, images.shape[3] // side)
    positions = grid_positions(grid, network.config.vit_side, images.device)
    rows = positions.repeat(count)
    features = network.vit(patches.flatten(0, 1), rows, [len(rows)], attend_images(count))
    tokens = (network.connector(features) + network.vit_pos_embed(rows)).unflatten(0, (count, -1))
    everyone = torch.ones(count, dtype=torch.bool, device=images.device)
    piece = image_piece(network, tokens, block, torch.full_like(everyone, block, dtype=torch.long), everyone)
    return dropped(piece, ratios, chance)


def latents(
    network: BagelNetwork,
    patches: Float[Tensor, "b y x p"],
    times: Float[Tensor, " b"],
    block: int,
    positions: Int[Tensor, " b"],
    shared: Bool[Tensor, " b"],
) -> Piece:
    """Latent patches at a time of each sequence, for the expert `gen`."""
    cells = grid_positions((patches.shape[1], patches.shape[2]), network.config.latent_side, patches.device)
    tokens = network.vae2llm(patches.flatten(1, 2)) + network.latent_pos_embed(cells)
    tokens = tokens + network.time_embedder(times)[:, None]
    return image_piece(network, tokens, block, positions, shared)._replace(latents=slice(1, len(cells) + 1))


def dropped(piece: Piece, ratios: Float[Tensor, " b"], chance: torch.Generator) -> Piece:
    """An image of which each token stays with the probability of its sequence; the markers always stay.

    A token that is dropped is padding: no other row sees it.
    """
    stay = torch.rand(piece.blocks.shape, generator=chance, device=ratios.device) < ratios[:, None]
    stay[:, 0] = stay[:, -1] = True
    return piece._replace(blocks=torch.where(stay, piece.blocks, PADDING_BLOCK), shared=piece.shared & stay)


def image_piece(
    network: BagelNetwork,
    tokens: Float[Tensor, "b n d"],
    block: int,
    positions: Int[Tensor, " b"],
    shared: Bool[Tensor, " b"],
) -> Piece:
    """Tokens between the markers of an image; all rows of a sequence are at the same position."""
    count, length = len(tokens), tokens.shape[1] + 2
    marks = network.embed(torch.tensor([IMAGE_START, IMAGE_END], device=tokens.device)).expand(count, -1, -1)
    rows = torch.cat([marks[:, :1], tokens, marks[:, 1:]], dim=1)
    blocks = torch.full((count, length), block, device=tokens.device)
    positions, shared = positions[:, None].expand(-1, length), shared[:, None].expand(-1, length)
    return Piece(rows, blocks, positions, shared, causal=False)
