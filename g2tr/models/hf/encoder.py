"""What a transformers model makes of its images, and the same outputs with fewer tokens.

Axes: n features of one image in the width d of the language model, k kept ones, e width of a deepstack feature.
Source: `_prepare_multimodal_encoder_kwargs_for_generation` of transformers 5.23, which encodes in the same way.
"""

import inspect
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError

PIXELS = ("pixel_values", "pixel_values_images", "image_patches")


@dataclass(frozen=True, eq=False)
class EncodedImages:
    """The encoder's outputs, the features of each image or tile in them, and the inputs that made them."""

    outputs: Any
    features: Sequence[Float[Tensor, "n d"]]
    consumed: frozenset[str]

    def keeping(self, features: Sequence[Float[Tensor, "k d"]], kept: Sequence[Int[Tensor, " k"]]) -> Any:  # noqa: ANN401
        """The outputs with these features; deepstack features are cut to the kept rows."""
        outputs = copy(self.outputs)
        outputs.pooler_output = stacked_like(self.outputs.pooler_output, features)
        layers = getattr(outputs, "deepstack_features", None)
        if layers is not None:
            outputs.deepstack_features = [cut_deepstack(layer, kept) for layer in layers]
        return outputs


def encode_images(model: Any, inputs: Mapping[str, Any]) -> EncodedImages:  # noqa: ANN401 - any model of transformers
    """Runs the model's own `get_image_features`.

    Raises `InputError` for a model that takes no encoder outputs, and for inputs without an image or with a video.
    """
    encode = getattr(model.base_model, "get_image_features", None)
    if encode is None or "mm_encoder_outputs" not in inspect.signature(model.forward).parameters:
        raise InputError(
            f"{type(model).__name__} takes no `mm_encoder_outputs`, so its inputs cannot be reduced from outside; "
            "transformers 5.23 offers it for 83 models"
        )
    if inputs.get("pixel_values_videos") is not None:
        raise InputError("reduce_inputs reduces images; these inputs hold a video (pixel_values_videos)")
    if all(inputs.get(name) is None for name in PIXELS):
        raise InputError(f"the inputs hold no image: wanted one of {', '.join(PIXELS)}, got {', '.join(inputs)}")
    names = [name for name in inspect.signature(encode).parameters if name != "kwargs" and name in inputs]
    outputs = encode(**{name: inputs[name] for name in names}, return_dict=True)
    return EncodedImages(outputs, list(outputs.pooler_output), frozenset(names))


def stacked_like(original: Any, features: Sequence[Float[Tensor, "k d"]]) -> Any:  # noqa: ANN401
    """A tensor where the model gave one and all images still have equally many tokens, else a list."""
    equal = len({len(rows) for rows in features}) == 1
    return torch.stack(list(features)) if isinstance(original, Tensor) and equal else list(features)


def cut_deepstack(layer: Any, kept: Sequence[Int[Tensor, " k"]]) -> Any:  # noqa: ANN401
    """The features of one layer: a tensor an image, or one tensor over all images."""
    if isinstance(layer, Tensor):
        raise InputError(f"deepstack features of shape {tuple(layer.shape)} are not split by image")
    return [rows[own] for rows, own in zip(layer, kept, strict=True)]
