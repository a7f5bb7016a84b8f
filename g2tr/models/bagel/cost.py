"""The sizes of BAGEL's two transformers, for cost accounting."""

from g2tr.models.bagel.config import BagelConfig
from g2tr.models.shapes import ModelShape


def model_shape(config: BagelConfig, itemsize: int) -> ModelShape:
    """One expert of the language model, since both cost the same per token; the ViT without the layer left out."""
    language, vision = config.language, config.vision
    return ModelShape(
        language.shape(language.head_dim, itemsize),
        vision.shape(vision.used_layers),
        vit_inputs=3 * vision.patch_size**2,
        connector=(vision.hidden_size, language.hidden_size, language.hidden_size),
    )
