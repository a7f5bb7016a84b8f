"""The FLUX autoencoder of a BAGEL checkpoint: diffusers' AutoencoderKL, by the LDM names and shapes of its file.

Source: key tables of models-bagel.md section 3.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from g2tr.errors import InputError

if TYPE_CHECKING:
    from diffusers import AutoencoderKL

Shapes = Mapping[str, tuple[int, ...]]
LDM = (
    (r"\.mid_block\.resnets\.0\.", ".mid.block_1."),
    (r"\.mid_block\.resnets\.1\.", ".mid.block_2."),
    (r"\.mid_block\.attentions\.0\.", ".mid.attn_1."),
    (r"attn_1\.group_norm\.", "attn_1.norm."),
    (r"attn_1\.to_([qkv])\.", r"attn_1.\1."),
    (r"attn_1\.to_out\.0\.", "attn_1.proj_out."),
    (r"\.(down|up)_blocks\.(\d+)\.resnets\.", r".\1.\2.block."),
    (r"\.(down|up)_blocks\.(\d+)\.(down|up)samplers\.0\.", r".\1.\2.\3sample."),
    (r"\.conv_shortcut\.", ".nin_shortcut."),
    (r"\.conv_norm_out\.", ".norm_out."),
)


def count_levels(shapes: Shapes) -> int:
    """Resolution levels of the encoder."""
    return len({match[1] for key in shapes if (match := re.match(r"encoder\.down\.(\d+)\.", key))})


def ldm_name(name: str, levels: int) -> str:
    """The key in `ae.safetensors` of a parameter of AutoencoderKL; LDM counts decoder levels from the finest."""
    for pattern, ldm in LDM:
        name = re.sub(pattern, ldm, name)
    return re.sub(r"\.up\.(\d+)", lambda match: f".up.{levels - 1 - int(match[1])}", name)


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
    except KeyError as error:
        raise InputError(f"ae.safetensors lacks {error.args[0]}") from None
    except (IndexError, ValueError) as error:
        raise InputError(f"ae.safetensors has not the layout of a FLUX autoencoder: {error}") from None
    if not decoder:
        del vae.decoder
    return vae
