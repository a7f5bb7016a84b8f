"""Everything a checkpoint gives, loaded and ready to run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import torch
from jaxtyping import Float, Int
from PIL.Image import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.images import checksum, to_rgb
from g2tr.models.checkpoints.tokenizer import Tokenizer
from g2tr.models.engine.attention import Attend
from g2tr.models.internvl_u.codec import LatentCodec, Posterior, latent_grid
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.language import QwenLanguage
from g2tr.models.internvl_u.network import InternVLUNetwork
from g2tr.models.internvl_u.prompt import SLOT
from g2tr.models.internvl_u.sizes import DynamicSize, vae_pixels
from g2tr.models.internvl_u.tile import Tile
from g2tr.models.internvl_u.vision import see
from g2tr.reducers.grid_maps import whole
from g2tr.reducers.tokens import Grid, LatentGrid, VisionAttention, VisualTokens

if TYPE_CHECKING:
    from diffusers import DPMSolverMultistepScheduler

POSITIONS = ("compact", "original")
PRESETS = ("single_tile",)


@dataclass(frozen=True)
class Markers:
    """Ids from the tokenizer: image markers, what ends an answer, and the ten tokens with embeddings of their own."""

    image_start: int
    image_end: int
    ends: frozenset[int]
    special: tuple[int, ...]


@dataclass(frozen=True)
class ImageGenerator:
    """What only generation needs: the decoder and its solver, of which every image takes a fresh one."""

    decoder: GenerationDecoder
    scheduler: "DPMSolverMultistepScheduler"


@dataclass(frozen=True)
class PreprocessOptions:
    """Choices that the official code leaves open or fixes without need.

    `preprocess` names how the vision tower sees an image; `single_tile`, the official way, squashes it to a square.
    `positions` of the rows that follow a reduced image: `compact`, as released, counts what is left; `original`
    leaves the gaps. `anchor_side`: pixels of the square tile that is encoded for anchors alone; None is the tile
    of the vision tower, as released. `sizes`: the rule for reference images of an edit.
    """

    positions: str = "compact"
    anchor_side: int | None = None
    sizes: DynamicSize = field(default_factory=DynamicSize)
    preprocess: str = "single_tile"

    def __post_init__(self) -> None:
        if self.preprocess not in PRESETS:
            raise InputError(f"unknown preprocess {self.preprocess!r}; there is {', '.join(PRESETS)}")
        if self.positions not in POSITIONS:
            raise InputError(f"unknown positions {self.positions!r}; there are {', '.join(POSITIONS)}")
        if self.anchor_side is not None and (type(self.anchor_side) is not int or self.anchor_side < 1):
            raise InputError(f"anchor_side must be a whole number of pixels, got {self.anchor_side!r}")

    @property
    def settings(self) -> Mapping[str, object]:
        """What of them goes into every result."""
        return {"preprocess": self.preprocess, "positions": self.positions, "anchor_side": self.anchor_side}

    def anchor_size(self, tile: Tile, cell: int) -> Grid:
        """(height, width) in pixels of what is encoded for anchors alone.

        Raises `InputError` where an autoencoder of `cell` pixels per latent cannot read it.
        """
        side = self.anchor_side or tile.side
        if side % cell:
            raise InputError(f"anchor_side must be a multiple of {cell} pixels, got {side}")
        return side, side


@dataclass(frozen=True, eq=False)
class Components:
    """Network, autoencoder, generation decoder, tokenizer and attention back end of one loaded model.

    There is no `drawer` where the model was loaded for understanding only. The language model is causal, so that
    images and their question can be read in one pass, as the `native_query` wants it.
    """

    native_query: ClassVar[str] = "joint"

    network: InternVLUNetwork
    language: QwenLanguage
    codec: LatentCodec
    tokenizer: Tokenizer
    markers: Markers
    tile: Tile
    attend: Attend
    choices: PreprocessOptions = field(default_factory=PreprocessOptions)
    drawer: ImageGenerator | None = None

    @property
    def device(self) -> torch.device:
        return self.network.weight.device

    def require_drawer(self) -> ImageGenerator:
        """What draws. Raises `InputError` on a model that was loaded for understanding only."""
        if self.drawer is None:
            raise InputError("drawing needs model.generation=true; this model was loaded for understanding only")
        return self.drawer

    @property
    def anchor_size(self) -> Grid:
        """(height, width) in pixels of what is encoded for anchors alone."""
        return self.choices.anchor_size(self.tile, self.codec.downsample)

    @property
    def control_tokens(self) -> list[str]:
        """Texts that the tokenizer reads as control tokens wherever they stand, but for the slot of an image."""
        return [token for token in self.tokenizer.get_added_vocab() if token != SLOT]

    def tokenize(self, text: str) -> list[int]:
        """Ids of a piece of the conversation; markers in it are markers."""
        return self.tokenizer.encode(text, add_special_tokens=False)

    def embed(self, ids: Int[Tensor, " t"]) -> Float[Tensor, "t d"]:
        """Embeddings, those of the ten special tokens from their own table."""
        found = ids[:, None] == torch.tensor(self.markers.special, device=ids.device)
        special: Tensor = self.network.special_token_embedding(found.int().argmax(-1))
        return torch.where(found.any(-1, keepdim=True), special, self.language.embed(ids))

    def vit_grid(self, image: Image) -> Grid:
        """The grid of visual tokens, the same for every image."""
        side = self.network.config.vision.token_side
        return side, side

    def encode_vit(
        self, image: Image, requires: frozenset[type] = frozenset(), target_grid: Callable[[Grid], Grid] = whole
    ) -> VisualTokens:
        """ViT, pixel shuffle and connector: tokens in LLM width; with `VisionAttention` if read.

        On a smaller grid, as `target_grid` may want, the ViT's position embeddings are interpolated.
        """
        full = self.vit_grid(image)
        grid, cell = target_grid(full), self.tile.side // full[0]
        pixels = self.tile(image, (grid[0] * cell, grid[1] * cell)).to(self.device)
        features, received = see(self.network, pixels, VisionAttention in requires)
        tokens = VisualTokens(
            features, grid, seed=checksum(to_rgb(image)), skipped_tokens=full[0] * full[1] - len(features)
        )
        return tokens.with_evidence(VisionAttention(torch.stack(received))) if received else tokens

    def encode_tile(self, image: Image) -> Posterior:
        """The posterior of the image as the vision tower sees it, for anchors alone."""
        return self.codec.encode(self.tile.squashed(image, self.anchor_size).to(self.device))

    def encode_reference(self, image: Image) -> Posterior:
        """The posterior of the image as an edit's reference."""
        return self.codec.encode(vae_pixels(image, self.choices.sizes).to(self.device))

    def latent_grid(self, posterior: Posterior) -> LatentGrid:
        """The posterior as evidence, with the release's interpolation of channels to LLM width."""
        return latent_grid(posterior, self.network.config.language.hidden_size)
