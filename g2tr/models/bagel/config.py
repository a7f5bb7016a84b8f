"""What a BAGEL checkpoint says about itself, and what the published code fixes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from g2tr.errors import InputError
from g2tr.models.bagel.transforms import Resize

Json = Mapping[str, Any]
Section = TypeVar("Section", "LanguageConfig", "VisionConfig")


@dataclass(frozen=True)
class LanguageConfig:
    """`llm_config.json`: a Qwen2 decoder, to which BAGEL adds q/k norms and a second expert per layer."""

    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    rms_norm_eps: float = 1e-6
    rope_theta: float = 1e6

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_attention_heads


@dataclass(frozen=True)
class VisionConfig:
    """`vit_config.json`: a SigLIP encoder; BAGEL leaves out the last of the stated layers."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    patch_size: int = 14
    layer_norm_eps: float = 1e-6

    @property
    def used_layers(self) -> int:
        return self.num_hidden_layers - 1


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
    latent_channels: int = 16
    latent_scale: float = 0.3611
    latent_shift: float = 0.1159
    vae_groups: int = 32
    vae_resize: Resize = field(default_factory=lambda: Resize(1024, 512, 16))
    vit_resize: Resize | None = None


def read_json(path: Path) -> Json:
    """A JSON object from a file. Raises `InputError` when it is missing or is no JSON object."""
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError(f"{path.parent} is no BAGEL checkpoint: it has no {path.name}") from None
    except ValueError as error:
        raise InputError(f"{path} is not valid JSON: {error}") from None
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a JSON object, got {type(content).__name__}")
    return content


def read_section(kind: type[Section], path: Path) -> Section:
    """One configuration file as its dataclass; keys that we do not use are passed over."""
    content = read_json(path)
    names = {known.name for known in fields(kind)}
    try:
        return kind(**{key: value for key, value in content.items() if key in names})
    except TypeError as error:
        raise InputError(f"{path}: {error}") from None


def read_config(folder: Path, vit_side: int, latent_side: int) -> BagelConfig:
    """The configuration of a checkpoint folder.

    `bagel_config.json` is optional: it states, for models other than the 7B, what the published code hard-codes.
    """
    extra = read_json(folder / "bagel_config.json") if (folder / "bagel_config.json").exists() else {}
    vae = extra.get("vae", {})
    resizes = {
        f"{name}_resize": Resize(rule["max_image_size"], rule["min_image_size"], rule["image_stride"])
        for name, rule in extra.get("image_transforms", {}).items()
    }
    return BagelConfig(
        read_section(LanguageConfig, folder / "llm_config.json"),
        read_section(VisionConfig, folder / "vit_config.json"),
        vit_side,
        latent_side,
        latent_patch=extra.get("latent_patch_size", 2),
        latent_channels=vae.get("z_channels", 16),
        latent_scale=vae.get("scale_factor", 0.3611),
        latent_shift=vae.get("shift_factor", 0.1159),
        vae_groups=vae.get("norm_num_groups", 32),
        **resizes,
    )
