"""A small InternVL-U with seeded random weights: every path of the real one, nothing to download, nonsense answers."""

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from g2tr.errors import InputError
from g2tr.models.calls import SEEDS, check_size
from g2tr.models.checkpoints.device import dtype_name, read_device, read_dtype
from g2tr.models.engine.attention import Attend, attention
from g2tr.models.internvl_u.autoencoder import build_vae, to_single_frame
from g2tr.models.internvl_u.autoencoder_config import downsample_of
from g2tr.models.internvl_u.codec import LatentCodec
from g2tr.models.internvl_u.config import InternVLUConfig, LanguageConfig, VisionConfig
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.decoder_config import DecoderConfig
from g2tr.models.internvl_u.flow import SCHEDULER, Sampling, read_scheduler
from g2tr.models.internvl_u.language import QwenLanguage
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.network import SPECIAL_TOKENS, InternVLUNetwork
from g2tr.models.internvl_u.parts import Components, ImageGenerator, PreprocessOptions
from g2tr.models.internvl_u.prompt import System
from g2tr.models.internvl_u.sizes import DynamicSize
from g2tr.models.internvl_u.tile import Tile
from g2tr.models.internvl_u.vocabulary import TURNS, find_markers

BYTES = 256
VOCABULARY = BYTES + len(SPECIAL_TOKENS) + len(TURNS)
CONFIG = InternVLUConfig(
    VisionConfig(48, 96, 3, 4, image_size=224),
    LanguageConfig(VOCABULARY, 64, 128, 6, 4, 2, head_dim=16),
)
DECODER = DecoderConfig(
    num_layers=2, attention_head_dim=24, num_attention_heads=2, joint_attention_dim=128, axes_dims_rope=(8, 8, 8)
)
VAE: Mapping[str, object] = {
    "base_dim": 8,
    "z_dim": 16,
    "dim_mult": [1, 1, 2, 2],
    "num_res_blocks": 1,
    "temperal_downsample": [False, True, True],
}
SIZES = DynamicSize(min_pixels=64**2, max_pixels=96**2, max_side=128)
Module = TypeVar("Module", bound=nn.Module)


def random_internvl_u(
    name: str = "internvl_u_random",
    seed: int = 0,
    preprocess: str = "single_tile",
    positions: str = "compact",
    anchor_side: int | None = None,
    dtype: str | torch.dtype = "float32",
    device: str | torch.device = "cpu",
    attention_backend: str = "sdpa",
    sampling: Sampling | None = None,
    system: System | None = None,
    size: str = "last",
) -> InternVLU:
    """Images become 8 x 8 tokens; the language model has 6 layers. The same seed gives the same model everywhere.

    Of 268 ids two end an answer, so that with most seeds no answer to a benchmark is empty.
    """
    if type(seed) is not int or seed not in SEEDS:
        raise InputError(f"model.seed must be a whole number from 0 to 2**64 - 1, got {seed!r}")
    place, kind = read_device(device), read_dtype(dtype)
    check_size(size)
    choices = PreprocessOptions(positions, anchor_side, SIZES, preprocess)
    parts = random_parts(seed, choices, attention(attention_backend, place, kind), place, kind)
    settings = {
        "name": name,
        "checkpoint": "random",
        "seed": seed,
        **choices.settings,
        "dtype": dtype_name(kind),
        "attention": attention_backend,
        "generation": True,
        "native_query": parts.native_query,
        **({} if size == "last" else {"size": size}),
    }
    return InternVLU(name, parts, settings, sampling or Sampling(), system or System(), size)


def random_parts(
    seed: int, choices: PreprocessOptions, attend: Attend, device: torch.device, dtype: torch.dtype
) -> Components:
    """Everything that a checkpoint would give."""
    tile = Tile(CONFIG.vision.image_size)
    choices.anchor_size(tile, downsample_of(VAE))
    generator = torch.Generator().manual_seed(seed)
    network = filled(lambda: InternVLUNetwork(CONFIG), generator, device, dtype)
    vae = to_single_frame(filled(lambda: build_vae(VAE), generator, device, torch.float32))
    decoder = filled(lambda: GenerationDecoder(DECODER), generator, device, dtype)
    language, tokenizer = QwenLanguage(network.language_model, CONFIG.language), byte_tokenizer()
    markers, drawer = find_markers(tokenizer, VOCABULARY, "memory"), ImageGenerator(decoder, read_scheduler(SCHEDULER))
    return Components(network, language, LatentCodec.of(vae), tokenizer, markers, tile, attend, choices, drawer)


def filled(build: Callable[[], Module], generator: torch.Generator, device: torch.device, dtype: torch.dtype) -> Module:
    """A module with random weights, drawn in float32 on the CPU in the order of its parameters."""
    with torch.device("meta"):
        module = build().eval().requires_grad_(False)
    shapes = {name: value.shape for name, value in module.state_dict().items()}
    noise = {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}
    module.load_state_dict({name: scaled(name, x).to(device, dtype) for name, x in noise.items()}, assign=True)
    return module


def scaled(name: str, noise: Tensor) -> Tensor:
    """Noise at a scale at which signals neither fade nor grow; embeddings and their like at 1, offsets near 0."""
    if "embed" in name and noise.ndim > 1 and "projection" not in name and "timestep" not in name:
        return noise
    if name.endswith("bias"):
        return 0.1 * noise
    if noise.ndim == 1 or "gamma" in name:
        return 1 + 0.1 * noise
    return noise * 1.2 / math.sqrt(noise[0].numel())


def byte_tokenizer() -> Any:  # noqa: ANN401 - transformers has no types
    """A tokenizer with one id for each byte, and the markers."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={letter: index for index, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(marker, special=True) for marker in (*SPECIAL_TOKENS, *TURNS)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=TURNS[1])
