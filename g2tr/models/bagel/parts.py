"""Everything a checkpoint gives, loaded and ready to run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from PIL.Image import Image, Resampling
from torch import Tensor

from g2tr.images import checksum, to_pixels, to_rgb
from g2tr.models.bagel.config import SpecialTokens
from g2tr.models.bagel.language import LanguageModel
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.transforms import Preset, to_patches
from g2tr.models.bagel.vae import LatentCodec, Posterior
from g2tr.models.checkpoints.tokenizer import Tokenizer
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.attention_evidence import AttentionRecorder
from g2tr.models.engine.layout import grid_positions
from g2tr.reducers.grid_maps import whole
from g2tr.reducers.tokens import Grid, LatentGrid, VisionAttention, VisualTokens


@dataclass(frozen=True, eq=False)
class Components:
    """Network, autoencoder, tokenizer, preprocessing and attention back end of one loaded model.

    An image is read before its question, and not causally: of the rows that see it whole, only its end marker is
    there in time to be the `native_query`.
    """

    native_query: ClassVar[str] = "image_end"

    network: BagelNetwork
    codec: LatentCodec
    tokenizer: Tokenizer
    markers: SpecialTokens
    preset: Preset
    attend: Attend

    @property
    def language(self) -> LanguageModel:
        return self.network.language

    @property
    def device(self) -> torch.device:
        return self.network.weight.device

    @property
    def control_tokens(self) -> list[str]:
        """Texts that the tokenizer reads as control tokens wherever they stand."""
        return list(self.tokenizer.get_added_vocab())

    def embed(self, ids: Int[Tensor, " t"]) -> Float[Tensor, "t d"]:
        """Text embeddings."""
        return self.network.embed(ids)

    def tokenize(self, text: str) -> list[int]:
        """Ids of a text block: start marker, text, end marker."""
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return [self.markers.text_start, *ids, self.markers.text_end]

    def vit_grid(self, image: Image) -> Grid:
        """The grid of ViT tokens that the preset makes of an image."""
        width, height = self.preset.vit_size(*to_rgb(image).size)
        side = self.network.config.vision.patch_size
        return height // side, width // side

    def encode_vit(
        self, image: Image, requires: frozenset[type] = frozenset(), target_grid: Callable[[Grid], Grid] = whole
    ) -> VisualTokens:
        """ViT and connector: tokens in LLM width, before the 2-D position embedding; with `VisionAttention` if read.

        `target_grid` names the grid that the ViT is to make in place of the preset's.
        """
        image = self.preset.vit_image(to_rgb(image))
        side = self.network.config.vision.patch_size
        full = (image.height // side, image.width // side)
        grid = target_grid(full)
        if grid != full:
            image = image.resize((grid[1] * side, grid[0] * side), Resampling.BICUBIC)
        patches = to_patches(to_pixels(image), side).to(self.network.weight)
        positions = grid_positions(grid, self.network.config.vit_side, self.device)
        listener = AttentionRecorder(self.attend)
        attend = listener if VisionAttention in requires else self.attend
        features = self.network.vit(patches, positions, [len(patches)], attend)
        skipped_tokens = full[0] * full[1] - len(patches)
        tokens = VisualTokens(
            self.network.connector(features), grid, seed=checksum(image), skipped_tokens=skipped_tokens
        )
        return tokens.with_evidence(VisionAttention(torch.stack(listener.received))) if listener.received else tokens

    def vae_size(self, image: Image) -> Grid:
        """(height, width) in pixels of what the autoencoder sees."""
        width, height = self.preset.vae.size(*image.size)
        return height, width

    def encode_vae(self, image: Image) -> Posterior:
        """The posterior of the image's scaled latent."""
        pixels = to_pixels(self.preset.vae_image(to_rgb(image)))
        return self.codec.encode(pixels.to(self.device))

    def latent_grid(self, posterior: Posterior) -> LatentGrid:
        """The posterior as evidence: patches, and the model's own projection into LLM width."""
        mean, std = self.codec.to_patches(posterior.mean), self.codec.to_patches(posterior.std)
        return LatentGrid(mean, std, self.project_latents)

    def project_latents(self, patches: Float[Tensor, "m p"]) -> Float[Tensor, "m d"]:
        """Latent patches in LLM width, without time or position embedding."""
        out: Tensor = self.network.vae2llm(patches.to(self.network.weight))
        return out
