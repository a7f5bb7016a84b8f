"""What `vlm/config.json` of a checkpoint says, and what the code here can run."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from g2tr.errors import InputError
from g2tr.models.checkpoints.json_config import Json, check_positive, inner, read_json, section
from g2tr.models.checkpoints.transformer_sizes import QwenSizes, TowerSizes

SUPPORTED: Mapping[str, object] = {"downsample_ratio": 0.5, "ps_version": "v2", "select_layer": -1}
VISION: Mapping[str, object] = {
    "qkv_bias": True,
    "qk_normalization": False,
    "norm_type": "layer_norm",
    "hidden_act": "gelu",
}
LANGUAGE: Mapping[str, object] = {
    "attention_bias": False,
    "tie_word_embeddings": False,
    "rope_scaling": None,
    "use_sliding_window": False,
    "hidden_act": "silu",
}
SHUFFLE = 2


@dataclass(frozen=True)
class VisionConfig(TowerSizes):
    """`vision_config`: an InternViT with a learned table of positions; sizes in pixels."""

    image_size: int = 448
    patch_size: int = 14
    layer_norm_eps: float = 1e-6

    @property
    def side(self) -> int:
        """Patches along a side."""
        return self.image_size // self.patch_size

    @property
    def token_side(self) -> int:
        """Visual tokens along a side: 2 x 2 patches make one."""
        return self.side // SHUFFLE


@dataclass(frozen=True)
class LanguageConfig(QwenSizes):
    """`llm_config`: a Qwen3 decoder."""

    head_dim: int = 128


@dataclass(frozen=True)
class InternVLUConfig:
    """The understanding half; `system_message` is the checkpoint's own, empty where it states none."""

    vision: VisionConfig
    language: LanguageConfig
    system_message: str = ""


def read_config(path: Path) -> InternVLUConfig:
    """The configuration in a file.

    Raises `InputError` for a missing or senseless value, and for a variant of the model that cannot be run here.
    """
    content = read_json(path)
    parts = [inner(content.get(name), f"{path}: {name}") for name in ("vision_config", "llm_config")]
    for part, wanted in zip((content, *parts), (SUPPORTED, VISION, LANGUAGE), strict=True):
        require(part, wanted, path)
    config = InternVLUConfig(
        section(VisionConfig, parts[0], f"{path}: vision_config"),
        section(LanguageConfig, parts[1], f"{path}: llm_config"),
        system_message(content, path),
    )
    check_sizes(config, content, path)
    check_positive(config.vision.layer_norm_eps, f"{path}: layer_norm_eps")
    check_positive(config.language.rms_norm_eps, f"{path}: rms_norm_eps")
    check_positive(config.language.rope_theta, f"{path}: rope_theta")
    return config


def require(content: Json, wanted: Mapping[str, object], where: Path) -> None:
    """Raises `InputError` where a setting is stated and is not the one that is supported."""
    for name, value in wanted.items():
        if content.get(name, value) != value:
            raise InputError(f"{where}: {name}={content[name]!r} is not supported, only {value!r}")


def system_message(content: Json, where: Path) -> str:
    """The checkpoint's own message, empty where it states none. Raises `InputError` for what is no text."""
    message = content.get("system_message")
    if not isinstance(message, str | None):
        raise InputError(f"{where}: system_message must be a text, got {message!r}")
    return message or ""


def check_sizes(config: InternVLUConfig, content: Json, where: Path) -> None:
    """Raises `InputError` where sizes contradict each other."""
    vision, language = config.vision, config.language
    if vision.image_size % (SHUFFLE * vision.patch_size):
        pair = f"{vision.image_size} and {vision.patch_size}"
        raise InputError(f"{where}: image_size must be a multiple of 2 · patch_size, got {pair}")
    if (content.get("force_image_size") or vision.image_size) != vision.image_size:
        raise InputError(f"{where}: force_image_size must be the table's {vision.image_size}")
    if language.head_dim % 2:
        raise InputError(f"{where}: head_dim must be even, since rotary embedding turns pairs, got {language.head_dim}")
    for width, heads in (
        (vision.hidden_size, vision.num_attention_heads),
        (language.num_attention_heads, language.num_key_value_heads),
    ):
        if width % heads:
            raise InputError(f"{where}: {heads} heads cannot share {width}")
