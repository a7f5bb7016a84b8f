"""The generation decoder: the velocity of noisy latents, given what the language model has read and reference latents.

Source: section 5 of models-internvl-u.md; module names are those of the checkpoint. Axes: z latent channels,
y, x latent rows and columns, l latent tokens, t conditioning tokens, p numbers in a patch, d width.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Complex, Float
from torch import Tensor, nn

from g2tr.models.internvl_u.decoder_config import DecoderConfig
from g2tr.models.internvl_u.embedding import TimeEmbedding, rotations
from g2tr.models.internvl_u.joint import EPS, Block, modulate
from g2tr.models.internvl_u.positions import KeptGrid, row_positions
from g2tr.reducers.tokens import Grid


@dataclass(frozen=True, eq=False)
class Row:
    """One guidance row beside its noise: what the language model made of the prompt, and clean reference latents.

    `states` are two hidden states side by side; `is_image` marks rows of image tokens; `images` says which
    tokens of each image they are, in order.
    """

    states: Float[Tensor, "t c"]
    is_image: Bool[Tensor, " t"]
    images: tuple[KeptGrid, ...] = ()
    references: tuple[Float[Tensor, "z _y _x"], ...] = ()


@dataclass(frozen=True, eq=False)
class Reading:
    """What of a row is the same in every step: embedded references and conditioning, and rotations for all tokens."""

    references: Float[Tensor, "r d"]
    text: Float[Tensor, "t d"]
    rotaries: Complex[Tensor, "s e"]


def to_patches(latent: Float[Tensor, "z y x"], side: int) -> Float[Tensor, "l p"]:
    """Patches in raster order, each in the order (channel, row, column).

    Raises `ValueError` where a side is no multiple of the patch.
    """
    z, y, x = latent.shape
    if y % side or x % side:
        raise ValueError(f"a latent of {y} x {x} cannot be cut into patches of {side} x {side}")
    blocks = latent.reshape(z, y // side, side, x // side, side)
    return blocks.permute(1, 3, 0, 2, 4).flatten(2).flatten(0, 1)


def from_patches(patches: Float[Tensor, "l p"], size: Grid, side: int) -> Float[Tensor, "z y x"]:
    """The latent that `to_patches` cut; `size` is (rows, columns) of patches."""
    blocks = patches.reshape(*size, -1, side, side)
    return blocks.permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


class OutputNorm(nn.Module):
    """LayerNorm with scale and shift from the time, scale first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 2 * width)

    def forward(self, x: Float[Tensor, "l d"], time: Float[Tensor, " d"]) -> Float[Tensor, "l d"]:
        scale, shift = self.linear(F.silu(time)).chunk(2)
        return modulate(x, shift, scale)


class Transformer(nn.Module):
    """Embeddings, blocks and head."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width = config.width
        self.time_text_embed = TimeEmbedding(width)
        self.txt_norm = nn.RMSNorm(config.joint_attention_dim, EPS)
        self.txt_in = nn.Linear(config.joint_attention_dim, width)
        self.img_in = nn.Linear(config.in_channels, width)
        blocks = (Block(config.num_attention_heads, config.attention_head_dim) for _ in range(config.num_layers))
        self.transformer_blocks = nn.ModuleList(blocks)
        self.norm_out = OutputNorm(width)
        self.proj_out = nn.Linear(width, config.in_channels)

    def embed_text(self, states: Float[Tensor, "t c"]) -> Float[Tensor, "t d"]:
        """Conditioning in model width."""
        out: Tensor = self.txt_in(self.txt_norm(states.to(self.txt_in.weight)))
        return out

    def embed_patches(self, patches: Float[Tensor, "l p"]) -> Float[Tensor, "l d"]:
        """Latent patches in model width."""
        out: Tensor = self.img_in(patches.to(self.img_in.weight))
        return out

    def forward(self, noisy: Float[Tensor, "l p"], time: Float[Tensor, ""], reading: Reading) -> Float[Tensor, "l p"]:
        image = torch.cat([self.embed_patches(noisy), reading.references])
        text, embedded = reading.text, self.time_text_embed(time)
        for block in self.transformer_blocks:
            image, text = block(image, text, embedded, reading.rotaries)
        out: Tensor = self.proj_out(self.norm_out(image[: len(noisy)], embedded))
        return out


class GenerationDecoder(nn.Module):
    """A diffusion transformer over latent patches; every row is run alone, so that no padding token enters.

    `encoder_padding_token` is part of the checkpoint and has no use here.
    """

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder_padding_token = nn.Parameter(torch.zeros(config.joint_attention_dim))
        self.decoder = Transformer(config)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.encoder_padding_token.device

    def grid(self, latent: Float[Tensor, "z y x"]) -> Grid:
        """(rows, columns) of patches in a latent."""
        side = self.config.patch_size
        return latent.shape[1] // side, latent.shape[2] // side

    def read(self, row: Row, size: Grid) -> Reading:
        """Everything of a row but the noise, for a generated image of `size` patches."""
        side = self.config.patch_size
        cuts = [to_patches(latent.to(self.device), side) for latent in row.references]
        patches = torch.cat([torch.empty(0, self.config.in_channels, device=self.device), *cuts])
        grids = [self.grid(latent) for latent in row.references]
        scale = self.config.vlm_cond_position_scale_factor
        positions = row_positions(size, grids, row.is_image, row.images, scale).to(self.device)
        return Reading(
            self.decoder.embed_patches(patches),
            self.decoder.embed_text(row.states),
            rotations(positions, self.config.axes_dims_rope),
        )

    def forward(self, noisy: Float[Tensor, "z y x"], time: float, reading: Reading) -> Float[Tensor, "z y x"]:
        """The velocity at a time in [0, 1000], in float32."""
        side = self.config.patch_size
        moment = torch.tensor(float(time), device=self.device)
        velocity = self.decoder(to_patches(noisy, side), moment, reading)
        return from_patches(velocity.float(), self.grid(noisy), side)
