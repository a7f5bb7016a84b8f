"""All weights of BAGEL in one module, and the names that the published checkpoint gives them."""

import re

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from g2tr.models.bagel.config import BagelConfig
from g2tr.models.bagel.flow import TimeEmbedding
from g2tr.models.bagel.language import LanguageModel
from g2tr.models.bagel.vision import Mlp, PositionTable, VisionEncoder

PUBLISHED = (
    (r"^language\.(embed_tokens|layers|norms)", r"language_model.model.\1"),
    (r"^language\.lm_head", "language_model.lm_head"),
    (r"norms\.(\w+)\.", r"norm@\1."),
    (r"experts\.(\w+)\.([qkvo]_proj|[qk]_norm)", r"self_attn.\2@\1"),
    (r"experts\.(\w+)\.(\w+_layernorm)", r"\2@\1"),
    (r"experts\.(\w+)\.(\w+_proj)", r"mlp@\1.\2"),
    (r"@und", ""),
    (r"@gen", "_moe_gen"),
    (r"^vit\.(patch_embedding|position_embedding)", r"vit_model.vision_model.embeddings.\1"),
    (r"^vit\.layers", "vit_model.vision_model.encoder.layers"),
    (r"^vit\.", "vit_model.vision_model."),
)


def published_name(name: str) -> str:
    """The key in `ema.safetensors` of one of our parameters."""
    for pattern, published in PUBLISHED:
        name = re.sub(pattern, published, name)
    return name


class BagelNetwork(nn.Module):
    """ViT, connector, language model and latent projections.

    Without `generation` it holds neither the generation experts nor what only denoising needs.
    """

    def __init__(self, config: BagelConfig, generation: bool = True) -> None:
        super().__init__()
        width, patch = config.language.hidden_size, config.latent_patch**2 * config.vae.z_channels
        self.config = config
        self.vit = VisionEncoder(config.vision, config.vit_side)
        self.connector = Mlp(config.vision.hidden_size, width, width)
        self.vit_pos_embed = PositionTable(config.vit_side, width)
        self.language = LanguageModel(config.language, ("und", "gen") if generation else ("und",))
        self.vae2llm = nn.Linear(patch, width)
        if generation:
            self.llm2vae = nn.Linear(width, patch)
            self.time_embedder = TimeEmbedding(width)
            self.latent_pos_embed = PositionTable(config.latent_side, width)

    @property
    def weight(self) -> Tensor:
        """A parameter, for its device and dtype."""
        return self.vae2llm.weight

    @property
    def generates(self) -> bool:
        """Whether the generation half is there."""
        return hasattr(self, "llm2vae")

    def embed(self, ids: Int[Tensor, " t"]) -> Float[Tensor, "t d"]:
        """Text embeddings."""
        out: Tensor = self.language.embed_tokens(ids)
        return out

    def embed_latents(
        self, patches: Float[Tensor, "l p"], positions: Int[Tensor, " l"], time: float
    ) -> Float[Tensor, "l d"]:
        """Latent tokens at a denoising time; a clean image is at time 0."""
        projected = self.vae2llm(patches.to(self.weight))
        out: Tensor = projected + self.time_embedder(time) + self.latent_pos_embed(positions)
        return out


def empty_network(config: BagelConfig, generation: bool) -> BagelNetwork:
    """The network on the meta device: shapes without memory."""
    with torch.device("meta"):
        return BagelNetwork(config, generation).eval().requires_grad_(False)
