"""Networks that see images and read captions, from transformers: loaded at first use, from safetensors alone."""

import functools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.images import to_rgb

Eye = Callable[[Image.Image], Tensor]
TextEncoder = Callable[[str], Tensor]


@contextmanager
def loading(name: str) -> Iterator[None]:
    """Raises `InputError` where the weights of `name`, a hub id or a folder, cannot be loaded."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise InputError(f"cannot load {name}: {(str(error).splitlines() or [type(error).__name__])[0]}") from None


def clip_eye(name: str, device: str) -> Eye:
    """CLIP's projected embedding of an image."""
    return image_encoder("CLIPModel", projection, name, device)


def dino_eye(name: str, device: str) -> Eye:
    """The class token of a DINO."""
    return image_encoder("AutoModel", class_token, name, device)


def projection(model: Any, pixels: Mapping[str, Tensor]) -> Tensor:  # noqa: ANN401 - a model of transformers
    """The embedding of the first image in the space that CLIP shares with texts."""
    embedding: Tensor = model.visual_projection(model.vision_model(**pixels).pooler_output)[0]
    return embedding


def class_token(model: Any, pixels: Mapping[str, Tensor]) -> Tensor:  # noqa: ANN401 - a model of transformers
    """The first token of the first image."""
    token: Tensor = model(**pixels).last_hidden_state[0, 0]
    return token


@functools.cache
def image_encoder(loader: str, features: Callable[[Any, Mapping[str, Tensor]], Tensor], name: str, device: str) -> Eye:
    """What a network makes of an image, preprocessed as its checkpoint says."""
    import transformers

    with loading(name):
        processor = transformers.AutoImageProcessor.from_pretrained(name, use_fast=False, trust_remote_code=False)
        model = getattr(transformers, loader).from_pretrained(name, use_safetensors=True).to(device).eval()

    @torch.inference_mode()
    def encode_image(image: Image.Image) -> Tensor:
        pixels = processor(images=to_rgb(image), return_tensors="pt").to(device)
        return features(model, dict(pixels)).float()

    return encode_image


@functools.cache
def clip_reader(name: str, device: str) -> TextEncoder:
    """CLIP's projected embedding of a text, which is cut where it is too long."""
    import transformers

    with loading(name):
        tokenizer = transformers.AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        model = transformers.CLIPModel.from_pretrained(name, use_safetensors=True).to(device).eval()

    @torch.inference_mode()
    def read(text: str) -> Tensor:
        tokens = tokenizer(text, truncation=True, return_tensors="pt").to(device)
        embedding: Tensor = model.text_projection(model.text_model(**tokens).pooler_output)[0]
        return embedding.float()

    return read
