"""What a BAGEL checkpoint says about itself, and what the published code fixes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from g2tr.errors import InputError
from g2tr.models.bagel.transforms import Resize
from g2tr.models.checkpoints.json_config import inner, read_json, section
from g2tr.models.checkpoints.transformer_sizes import QwenSizes, TowerSizes

Tower = TypeVar("Tower", "LanguageConfig", "VisionConfig")


@dataclass(frozen=True)
class LanguageConfig(QwenSizes):
    """`llm_config.json`: a Qwen2 decoder, to which BAGEL adds q/k norms and a second expert per layer."""

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads


@dataclass(frozen=True)
class VisionConfig(TowerSizes):
    """`vit_config.json`: a SigLIP encoder; BAGEL leaves out the last of the stated layers."""

    patch_size: int = 14
    layer_norm_eps: float = 1e-6

    @property
    def used_layers(self) -> int:
        return self.num_hidden_layers - 1


@dataclass(frozen=True)
class VaeConfig:
    """`vae` in `bagel_config.json`: the FLUX autoencoder, z = scale · (m - shift) for its mean m."""

    z_channels: int = 16
    scale_factor: float = 0.3611
    shift_factor: float = 0.1159
    norm_num_groups: int = 32


@dataclass(frozen=True)
class LatentConfig:
    """`bagel_config.json` itself: the side of a latent patch."""

    latent_patch_size: int = 2


@dataclass(frozen=True)
class TransformConfig:
    """One of `image_transforms` in `bagel_config.json`, in pixels."""

    max_image_size: int
    min_image_size: int
    image_stride: int

    @property
    def resize(self) -> Resize:
        return Resize(self.max_image_size, self.min_image_size, self.image_stride)


@dataclass(frozen=True)
class SpecialTokens:
    """Ids of the four markers that BAGEL puts around texts and images."""

    text_start: int
    text_end: int
    image_start: int
    image_end: int


@dataclass(frozen=True)
class BagelConfig:
    """A whole BAGEL model. Defaults are the constants of the published 7B code (models-bagel.md section 2).

    `vit_side` and `latent_side` are the sides of the two position tables, read from their shapes.
    """

    language: LanguageConfig
    vision: VisionConfig
    vit_side: int
    latent_side: int
    latent_patch: int = 2
    vae: VaeConfig = field(default_factory=VaeConfig)
    vae_resize: Resize = field(default_factory=lambda: Resize(1024, 512, 16))
    vit_resize: Resize | None = None


def read_tower(kind: type[Tower], path: Path) -> Tower:
    """The configuration file of one transformer."""
    config = section(kind, read_json(path), path)
    width, heads = config.hidden_size, config.num_attention_heads
    if width % heads:
        raise InputError(f"{path}: num_attention_heads must divide hidden_size {width}, got {heads}")
    return config


def read_config(folder: Path, vit_side: int, latent_side: int) -> BagelConfig:
    """The configuration of a checkpoint folder; the sides are those of its position tables.

    `bagel_config.json` is optional: it states, for models other than the 7B, what the published code hard-codes.
    """
    path = folder / "bagel_config.json"
    extra = read_json(path) if path.exists() else {}
    rules = inner(extra.get("image_transforms", {}), f"{path}: image_transforms")
    resizes = {
        f"{name}_resize": section(TransformConfig, inner(rules[name], f"{path}: {name}"), f"{path}: {name}").resize
        for name in ("vae", "vit")
        if name in rules
    }
    return BagelConfig(
        read_tower(LanguageConfig, folder / "llm_config.json"),
        read_tower(VisionConfig, folder / "vit_config.json"),
        vit_side,
        latent_side,
        section(LatentConfig, extra, path).latent_patch_size,
        section(VaeConfig, inner(extra.get("vae", {}), f"{path}: vae"), f"{path}: vae"),
        **resizes,
    )
