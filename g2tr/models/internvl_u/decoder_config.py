"""What `generation_decoder/config.json` says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from g2tr.errors import InputError
from g2tr.models.checkpoints.json_config import Json, inner, section
from g2tr.models.internvl_u.config import require

SUPPORTED: Mapping[str, object] = {
    "decoder_projector_type": "identity",
    "pad_to_fix_length": False,
    "vae_downsample_factor": 8,
    "vlm_select_layer": [-1, -2],
}
SCALES = ("video_position_scale_factor", "vlm_cond_position_scale_factor")


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes of the generation decoder, under their names in the file; defaults are those of the 4B model.

    `axes_dims_rope` are channels of a head for frame, row and column.
    """

    patch_size: int = 2
    in_channels: int = 64
    out_channels: int = 16
    num_layers: int = 20
    attention_head_dim: int = 128
    num_attention_heads: int = 12
    joint_attention_dim: int = 4096
    axes_dims_rope: tuple[int, ...] = (16, 56, 56)
    video_position_scale_factor: float = 1.0
    vlm_cond_position_scale_factor: float = 0.25

    @property
    def width(self) -> int:
        return self.num_attention_heads * self.attention_head_dim


def read_decoder_config(content: Json, where: Path) -> DecoderConfig:
    """The configuration in a file's content: `decoder_config`, and around it what the wrapper states itself.

    Raises `InputError` for a missing or senseless value, and for a variant of the decoder that is not built here.
    """
    require(content, SUPPORTED, where)
    stated = dict(inner(content.get("decoder_config"), f"{where}: decoder_config"))
    stated |= {name: content[name] for name in SCALES if name in content}
    axes = stated.pop("axes_dims_rope", DecoderConfig.axes_dims_rope)
    config = replace(
        section(DecoderConfig, stated, where), axes_dims_rope=tuple(axes) if isinstance(axes, list | tuple) else ()
    )
    check_decoder_config(config, where)
    return config


def check_decoder_config(config: DecoderConfig, where: Path) -> None:
    """Raises `InputError` where the sizes contradict each other."""
    patch = config.patch_size**2 * config.out_channels
    if config.in_channels != patch:
        raise InputError(f"{where}: in_channels must be patch_size² · out_channels = {patch}, got {config.in_channels}")
    head, axes = config.attention_head_dim, list(config.axes_dims_rope)
    if len(axes) != 3 or any(type(axis) is not int or axis % 2 or axis < 1 for axis in axes) or sum(axes) != head:
        raise InputError(f"{where}: axes_dims_rope must be three even widths of sum {head}, got {axes}")
    if config.video_position_scale_factor != 1:
        raise InputError(f"{where}: video_position_scale_factor must be 1, got {config.video_position_scale_factor}")
    if config.vlm_cond_position_scale_factor <= 0:
        scale = config.vlm_cond_position_scale_factor
        raise InputError(f"{where}: vlm_cond_position_scale_factor must be above 0, got {scale}")
