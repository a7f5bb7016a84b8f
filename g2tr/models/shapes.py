"""The sizes of a model that decide its cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class DecoderShape:
    """Sizes of a transformer that decide its cost: d width, h heads, g key heads, e head width, m MLP width.

    `gated` MLPs have three matrices, plain ones two; `kv_itemsize` is bytes per cached number.
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    mlp: int
    gated: bool = True
    kv_itemsize: int = 2


@dataclass(frozen=True)
class ModelShape:
    """Language model and vision tower; `vit_inputs` is what one patch embedding multiplies, `connector` its widths.

    The tower reads `token_patches` patches for every visual token, and `vit_extra` rows beside them. To note its
    attention, `listened_projections` of the queries and keys are made a second time.
    """

    language: DecoderShape
    vision: DecoderShape
    vit_inputs: int
    connector: tuple[int, ...]
    token_patches: int = 1
    vit_extra: int = 0
    listened_projections: int = 0
