"""Latents of a borrowed autoencoder: the generation-guided scores for models that have none of their own.

Axes: h, w sides of a grid, c channels of a latent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.tokens import Grid, LatentGrid

if TYPE_CHECKING:
    from diffusers import AutoencoderKL, AutoencoderTiny

CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
NORMALISATIONS = {
    "clip_vision_model": CLIP,
    "pixtral": CLIP,
    "qwen2_vl_vision": CLIP,
    "qwen2_5_vl_vision": CLIP,
    "internvl_vision": IMAGENET,
    "siglip_vision_model": HALF,
    "janus_vision_model": HALF,
    "smolvlm_vision": HALF,
    "idefics3_vision": HALF,
    "qwen3_vl_vision": HALF,
}


@dataclass(frozen=True, eq=False)
class BorrowedLatents:
    """An autoencoder of diffusers, read at patches of `patch` x `patch` latents.

    `mean` and `std` undo the normalisation of the model's image processor; where they are None, those that the
    published processors of the model's vision tower use.
    """

    vae: "AutoencoderKL | AutoencoderTiny"
    patch: int = 2
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None

    @property
    def block(self) -> int:
        """Pixels along the side of one latent patch."""
        return int(self.patch * 2 ** (len(channels_of(self.vae)) - 1))

    @torch.no_grad()
    def __call__(self, pixels: Float[Tensor, "3 h w"], tower: str) -> LatentGrid:
        """The latents of normalised pixels; sides are stretched to whole patches."""
        mean, std = (values.to(pixels).view(3, 1, 1) for values in self.normalisation(tower))
        image = (2 * (pixels * std + mean) - 1).clamp(-1, 1)[None]
        size = self.encoded_size((pixels.shape[1], pixels.shape[2]))
        image = torch.nn.functional.interpolate(image, size, mode="bilinear", align_corners=False)
        latent, spread = posterior(self.vae, image.to(self.vae.dtype))
        means, spreads = (patches(x[0].float(), self.patch) for x in (latent, spread))
        return LatentGrid(means, spreads, refuse_projection)

    def encoded_size(self, size: Grid) -> Grid:
        """The (height, width) in pixels at which pixels of a size are encoded: whole patches, at least one."""
        height, width = (max(self.block, -(-side // self.block) * self.block) for side in size)
        return height, width

    def normalisation(self, tower: str) -> tuple[Tensor, Tensor]:
        """Mean and deviation of each channel. Raises `InputError` where nobody says what they are."""
        if self.mean is not None and self.std is not None:
            return torch.tensor(list(self.mean)), torch.tensor(list(self.std))
        if tower not in NORMALISATIONS:
            raise InputError(f"no known normalisation for a {tower}: load_latents(..., processor=...) reads it")
        mean, std = NORMALISATIONS[tower]
        return torch.tensor(mean), torch.tensor(std)

    def flops(self, size: tuple[int, int]) -> int:
        """FLOPs of encoding (height, width) pixels, counted on tensors without memory."""
        from torch.utils.flop_counter import FlopCounterMode

        encoder = self.vae.encoder
        weights = {name: weight.to("meta") for name, weight in encoder.state_dict().items()}
        with FlopCounterMode(display=False) as counter:
            torch.func.functional_call(encoder, weights, (torch.empty(1, 3, *size, device="meta"),))
        return int(counter.get_total_flops())


def load_latents(
    source: str,
    processor: Any = None,  # noqa: ANN401 - a processor of transformers
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> BorrowedLatents:
    """An autoencoder by hub id or folder: AutoencoderTiny (madebyollin/taef1) or AutoencoderKL.

    `processor` is the model's own: it says how its pixels are normalised. Raises `InputError` where no autoencoder
    of these kinds is found.
    """
    vae = load_autoencoder(source).to(device, dtype).eval()
    images = getattr(processor, "image_processor", processor)
    mean, std = (getattr(images, name, None) for name in ("image_mean", "image_std"))
    return BorrowedLatents(vae, mean=mean, std=std)


def load_autoencoder(source: str) -> Any:  # noqa: ANN401 - diffusers is not typed
    """The autoencoder that the source's own configuration names, one of two classes."""
    from diffusers import AutoencoderKL, AutoencoderTiny

    classes = {each.__name__: each for each in (AutoencoderTiny, AutoencoderKL)}
    try:
        named = AutoencoderKL.load_config(source).get("_class_name")
        if named in classes:
            return classes[named].from_pretrained(source, use_safetensors=True)
    except (OSError, ValueError) as error:
        raise InputError(f"no autoencoder at {source!r}: {str(error).splitlines()[0]}") from None
    raise InputError(f"{source!r} holds a {named}; wanted {' or '.join(classes)}")


def channels_of(vae: Any) -> Sequence[int]:  # noqa: ANN401
    """Widths of the encoder's levels, each half as large as the one before."""
    return list(vae.config.get("block_out_channels") or vae.config["encoder_block_out_channels"])


def posterior(vae: Any, image: Float[Tensor, "1 3 h w"]) -> tuple[Tensor, Tensor]:  # noqa: ANN401
    """Mean and deviation of the latent; AutoencoderTiny has none of the latter."""
    encoded = vae.encode(image)
    if hasattr(encoded, "latents"):
        return encoded.latents, torch.zeros_like(encoded.latents)
    return encoded.latent_dist.mean, encoded.latent_dist.std


def patches(latent: Float[Tensor, "c y x"], side: int) -> Float[Tensor, "h w p"]:
    """Blocks of `side` x `side` latents as vectors in the order (row, column, channel)."""
    channels, height, width = latent.shape
    blocks = latent.view(channels, height // side, side, width // side, side)
    return blocks.permute(1, 3, 2, 4, 0).flatten(2)


def refuse_projection(patches: Float[Tensor, "m c"]) -> Float[Tensor, "m d"]:
    """Borrowed latents do not reach the language model's width."""
    raise InputError(
        "borrowed latents have no projection into the language model, so nothing can be compared with tokens "
        "(importance=latent, selection=balanced): use latent_contrast or latent_deviation"
    )
