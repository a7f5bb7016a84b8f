"""Image preprocessing of the official code: the resize rule, patches and the named presets.

Source: `ImageTransform`, `patchify` of the official code; models-bagel.md section 4.
"""

from dataclasses import dataclass

from jaxtyping import Float
from PIL import Image
from torch import Tensor

from g2tr.errors import InputError

MAX_PIXELS = 14 * 14 * 9 * 1024


@dataclass(frozen=True)
class Resize:
    """Scales the sides into [min_side, max_side] and rounds them to multiples of `stride`."""

    max_side: int
    min_side: int
    stride: int
    max_pixels: int = MAX_PIXELS

    def size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) that an image of this size is resized to."""
        scale = max(min(self.max_side / max(width, height), 1.0), self.min_side / min(width, height))
        size = self.rounded(width, height, scale)
        if size[0] * size[1] > self.max_pixels:
            size = self.rounded(*size, self.max_pixels / (size[0] * size[1]))
        if max(size) > self.max_side:
            size = self.rounded(*size, self.max_side / max(size))
        return size

    def rounded(self, width: int, height: int, scale: float) -> tuple[int, int]:
        """Sides after scaling, each the nearest multiple of the stride (half to even), at least one stride."""
        sides = (round(width * scale), round(height * scale))
        width, height = (max(self.stride, round(side / self.stride) * self.stride) for side in sides)
        return width, height

    def __call__(self, image: Image.Image) -> Image.Image:
        size = self.size(*image.size)
        return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


@dataclass(frozen=True)
class Preset:
    """A named preprocessing path of the official code.

    `inferencer` (demo, lmms-eval, VLMEvalKit, the G²TR release) resizes by the VAE rule before the ViT rule;
    `official_eval` (eval/vlm and eval/gen) applies the ViT rule to the original image.
    """

    name: str
    vit: Resize
    vae: Resize
    vae_first: bool

    def vit_image(self, image: Image.Image) -> Image.Image:
        """What the ViT sees."""
        return self.vit(self.vae(image) if self.vae_first else image)

    def vit_size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) at which the ViT sees an image of this size."""
        return self.vit.size(*(self.vae.size(width, height) if self.vae_first else (width, height)))

    def vae_image(self, image: Image.Image) -> Image.Image:
        """What the autoencoder sees."""
        return self.vae(image)


def preset(name: str, vae: Resize, vit: Resize | None) -> Preset:
    """The preset of this name; `vit` replaces the published ViT rule where a checkpoint states its own."""
    match name:
        case "inferencer":
            return Preset(name, vit or Resize(980, 224, 14), vae, vae_first=True)
        case "official_eval":
            return Preset(name, vit or Resize(980, 378, 14, max_pixels=2_007_040), vae, vae_first=False)
    raise InputError(f"unknown preprocess {name!r}; there are inferencer and official_eval")


def to_patches(pixels: Float[Tensor, "3 h w"], side: int) -> Float[Tensor, "n v"]:
    """Patches in raster order, each in the order (row, column, channel)."""
    channels, height, width = pixels.shape
    blocks = pixels.reshape(channels, height // side, side, width // side, side)
    return blocks.permute(1, 3, 2, 4, 0).reshape(-1, side * side * channels)
