"""The sizes of InternVL-U's two transformers, for cost accounting."""

from g2tr.models.internvl_u.config import SHUFFLE, InternVLUConfig
from g2tr.models.shapes import ModelShape


def model_shape(config: InternVLUConfig, itemsize: int) -> ModelShape:
    """Language model, ViT with its CLS row, pixel shuffle of 2 x 2 patches, and connector."""
    language, vision = config.language, config.vision
    return ModelShape(
        language.shape(language.head_dim, itemsize),
        vision.shape(vision.num_hidden_layers),
        vit_inputs=3 * vision.patch_size**2,
        connector=(SHUFFLE**2 * vision.hidden_size, language.hidden_size, language.hidden_size),
        token_patches=SHUFFLE**2,
        vit_extra=1,
        listened_projections=2,
    )
