"""The FLUX autoencoder of a BAGEL checkpoint: LDM names and shapes → diffusers' AutoencoderKL.

Source: key tables of models-bagel.md section 3.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from g2tr.errors import InputError

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

Shapes = Mapping[str, tuple[int, ...]]
RENAMES = (
    (r"\.mid\.block_1\.", ".mid_block.resnets.0."),
    (r"\.mid\.block_2\.", ".mid_block.resnets.1."),
    (r"\.mid\.attn_1\.", ".mid_block.attentions.0."),
    (r"(attentions\.0)\.norm\.", r"\1.group_norm."),
    (r"(attentions\.0)\.([qkv])\.", r"\1.to_\2."),
    (r"(attentions\.0)\.proj_out\.", r"\1.to_out.0."),
    (r"\.down\.(\d+)\.block\.", r".down_blocks.\1.resnets."),
    (r"\.down\.(\d+)\.downsample\.", r".down_blocks.\1.downsamplers.0."),
    (r"\.up\.(\d+)\.block\.", r".up_blocks.\1.resnets."),
    (r"\.up\.(\d+)\.upsample\.", r".up_blocks.\1.upsamplers.0."),
    (r"\.nin_shortcut\.", ".conv_shortcut."),
    (r"^(\w+)\.norm_out\.", r"\1.conv_norm_out."),
)


def count_levels(shapes: Shapes) -> int:
    """Resolution levels of the encoder."""
    return len({match[1] for key in shapes if (match := re.match(r"encoder\.down\.(\d+)\.", key))})


def library_name(key: str, levels: int) -> str:
    """The AutoencoderKL name of an LDM key; LDM counts decoder levels from the finest."""
    for pattern, name in RENAMES:
        key = re.sub(pattern, name, key)
    return re.sub(r"up_blocks\.(\d+)", lambda match: f"up_blocks.{levels - 1 - int(match[1])}", key)


def vae_settings(shapes: Shapes, groups: int) -> dict[str, object]:
    """AutoencoderKL settings that an LDM checkpoint implies by the shapes of its tensors."""
    levels = count_levels(shapes)
    blocks = [key for key in shapes if re.fullmatch(r"encoder\.down\.0\.block\.\d+\.conv1\.weight", key)]
    return {
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "block_out_channels": tuple(shapes[f"encoder.down.{i}.block.0.conv1.weight"][0] for i in range(levels)),
        "layers_per_block": len(blocks),
        "latent_channels": shapes["encoder.conv_out.weight"][0] // 2,
        "norm_num_groups": groups,
        "use_quant_conv": False,
        "use_post_quant_conv": False,
    }


def build_vae(shapes: Shapes, groups: int, decoder: bool) -> "AutoencoderKL":
    """An AutoencoderKL that fits a checkpoint of these shapes, with or without its decoder.

    Raises `InputError` where the shapes are not those of a FLUX autoencoder.
    """
    from diffusers import AutoencoderKL

    try:
        vae = AutoencoderKL(**vae_settings(shapes, groups))
    except (KeyError, ValueError) as error:
        raise InputError(f"ae.safetensors has not the layout of a FLUX autoencoder: {error}") from None
    if not decoder:
        del vae.decoder
    return vae
