"""Similarity of images as networks see them; each key names its network.

Off by default: a benchmark grades what its list `perceptual` names, besides pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, Protocol, runtime_checkable

import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.metrics.editing import at_least, to_values
from g2tr.metrics.networks import clip_eye, dino_eye

TRUNK = 32


@runtime_checkable
class Perceptual(Protocol):
    """A number for two images, and the key under which it is reported."""

    @property
    def key(self) -> str: ...

    def __call__(self, result: Image.Image, target: Image.Image) -> float: ...


@dataclass(frozen=True)
class ClipImage:
    """CLIP-I: cosine of CLIP's image embeddings; MagicBrush uses ViT-B/32."""

    model: str = "openai/clip-vit-base-patch32"
    device: str = "cpu"

    @property
    def key(self) -> str:
        return f"clip_i:{PurePath(self.model).name}"

    def __call__(self, result: Image.Image, target: Image.Image) -> float:
        encode_image = clip_eye(self.model, self.device)
        return torch.cosine_similarity(encode_image(result), encode_image(target), dim=0).item()


@dataclass(frozen=True)
class Dino:
    """DINO: cosine of class tokens; MagicBrush uses ViT-S/16. Preprocessing is that of the checkpoint."""

    model: str = "facebook/dino-vits16"
    device: str = "cpu"

    @property
    def key(self) -> str:
        return f"dino:{PurePath(self.model).name}"

    def __call__(self, result: Image.Image, target: Image.Image) -> float:
        encode_image = dino_eye(self.model, self.device)
        return torch.cosine_similarity(encode_image(result), encode_image(target), dim=0).item()


@dataclass(frozen=True)
class Lpips:
    """LPIPS v0.1 with the trunk `net`; lower is closer. Needs torchvision, which fetches the trunk at first use.

    Images with a side below 32 pixels, which no trunk takes, are enlarged to it without new values.
    """

    net: Literal["alex", "vgg", "squeeze"] = "alex"

    @property
    def key(self) -> str:
        return f"lpips:{self.net}"

    def __call__(self, result: Image.Image, target: Image.Image) -> float:
        try:
            from torchmetrics.functional.image import learned_perceptual_image_patch_similarity as lpips
        except ImportError:
            raise InputError("LPIPS needs torchvision: pip install torchvision") from None
        y, t = (at_least(to_values(image, target.size).float(), TRUNK)[None] for image in (result, target))
        return lpips(y, t, net_type=self.net, normalize=True).item()


def perceptual_grades(metrics: Sequence[Perceptual], result: Image.Image, target: Image.Image) -> dict[str, float]:
    """Every metric under its key."""
    return {metric.key: metric(result, target) for metric in metrics}
