"""BAGEL-7B and InternVL-U's generation decoder at their published sizes, or tiny, with random weights.

Weights are made on the device, so that nothing of 29 GB passes through the CPU.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import nn

from experiments.cost.closed_form import BAGEL
from g2tr.models.bagel.config import BagelConfig, LanguageConfig, SpecialTokens, VisionConfig
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.transforms import Resize, preset
from g2tr.models.bagel.vae import LatentCodec
from g2tr.models.engine.attention import attention
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.decoder_config import DecoderConfig
from g2tr.models.internvl_u.random import DECODER, byte_tokenizer

Module = TypeVar("Module", bound=nn.Module)


@dataclass(frozen=True)
class Shapes:
    """What is measured: a BAGEL model, its autoencoder's channels, and a generation decoder of InternVL-U.

    `side` is that of the image in pixels; the decoder draws one of `drawn` x `drawn` patches from `condition` tokens.
    """

    bagel: BagelConfig
    channels: tuple[int, ...]
    side: int
    decoder: DecoderConfig
    drawn: int
    condition: int


REAL = Shapes(
    replace(BAGEL, vae_resize=Resize(1024, 512, 16)),
    (128, 256, 512, 512),
    1024,
    DecoderConfig(),
    drawn=64,
    condition=256,
)
TINY = Shapes(
    BagelConfig(
        LanguageConfig(300, 64, 128, 6, 4, 2),
        VisionConfig(32, 64, 3, 2),
        vit_side=16,
        latent_side=7,
        vae_resize=Resize(112, 112, 16),
        vit_resize=Resize(224, 224, 14),
    ),
    (32, 32, 32, 32),
    224,
    DECODER,
    drawn=8,
    condition=64,
)


def on_device(build: Callable[[], Module], device: torch.device, dtype: torch.dtype) -> Module:
    """A module whose matrices hold noise of scale 1/√inputs, norms 1 and offsets 0, made where it will run."""
    with torch.device("meta"):
        module = build().eval().requires_grad_(False).to(dtype)
    module.to_empty(device=device)
    generator = torch.Generator(device).manual_seed(0)
    for name, weight in module.named_parameters():
        if name.endswith("bias"):
            weight.zero_()
        elif weight.ndim == 1:
            weight.fill_(1)
        else:
            weight.normal_(0, 1 / math.sqrt(math.prod(weight.shape[1:])), generator=generator)
    return module


def flux(channels: tuple[int, ...]) -> Any:  # noqa: ANN401 - diffusers has no types
    """BAGEL's autoencoder."""
    from diffusers import AutoencoderKL

    levels = len(channels)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=channels,
        layers_per_block=2,
        latent_channels=16,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )


def bagel_parts(shapes: Shapes, device: torch.device, dtype: torch.dtype) -> Components:
    """A BAGEL without a checkpoint, with torch's attention; a text has an id for each byte."""
    config = shapes.bagel
    network = on_device(lambda: BagelNetwork(config), device, dtype)
    codec = LatentCodec(on_device(lambda: flux(shapes.channels), device, torch.float32), config)
    rules = preset("inferencer", config.vae_resize, config.vit_resize)
    markers = SpecialTokens(0, 1, 2, 3)
    return Components(network, codec, byte_tokenizer(), markers, rules, attention("sdpa", device, dtype))


def decoder(shapes: Shapes, device: torch.device, dtype: torch.dtype) -> GenerationDecoder:
    """InternVL-U's generation decoder."""
    return on_device(lambda: GenerationDecoder(shapes.decoder), device, dtype)
