"""Loads InternVL-U from a folder or a hub id in the published layout."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from g2tr.errors import InputError
from g2tr.models.calls import check_size
from g2tr.models.checkpoints.device import dtype_name, read_device, read_dtype
from g2tr.models.checkpoints.json_config import Json, read_json
from g2tr.models.checkpoints.safetensors_io import TensorSource, load_weights
from g2tr.models.checkpoints.tokenizer import read_tokenizer
from g2tr.models.engine.attention import Attend, attention
from g2tr.models.internvl_u.autoencoder import build_vae, to_single_frame
from g2tr.models.internvl_u.autoencoder_config import check_autoencoder, downsample_of
from g2tr.models.internvl_u.checkpoint import find_checkpoint
from g2tr.models.internvl_u.codec import LatentCodec
from g2tr.models.internvl_u.config import InternVLUConfig, read_config
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.decoder_config import read_decoder_config
from g2tr.models.internvl_u.flow import SCHEDULER_FILE, Sampling, read_scheduler
from g2tr.models.internvl_u.language import QwenLanguage
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.network import InternVLUNetwork, empty_network, stored_as
from g2tr.models.internvl_u.parts import Components, ImageGenerator, PreprocessOptions
from g2tr.models.internvl_u.prompt import System
from g2tr.models.internvl_u.sizes import DynamicSize
from g2tr.models.internvl_u.tile import read_tile
from g2tr.models.internvl_u.vocabulary import find_markers

if TYPE_CHECKING:
    from diffusers import AutoencoderKLQwenImage

DECODING = ("decoder.", "post_quant_conv.")


def load_internvl_u(
    checkpoint: str | Path,
    name: str = "internvl_u",
    revision: str | None = None,
    preprocess: str = "single_tile",
    positions: str = "compact",
    anchor_side: int | None = None,
    dtype: str | torch.dtype = "bfloat16",
    device: str | torch.device = "cpu",
    attention_backend: str = "sdpa",
    generation: bool = True,
    sampling: Sampling | None = None,
    system: System | None = None,
    sizes: DynamicSize | None = None,
    size: str = "last",
) -> InternVLU:
    """An InternVL-U, ready to answer and, with `generation`, to edit.

    `size` is that of an edit (`g2tr.models.calls.edit_size`). Weights go straight to `device` and `dtype`; the
    autoencoder stays in float32. Without `generation` neither the generation decoder nor the autoencoder's decoder is
    read, and its encoder when a reducer first reads latents. Raises `InputError` for a missing file, a missing, surplus
    or misshaped tensor, a value that is not finite, or an unknown setting.
    """
    place, kind = read_device(device), read_dtype(dtype)
    check_size(size)
    attend = attention(attention_backend, place, kind)
    choices = PreprocessOptions(positions, anchor_side, sizes or DynamicSize(), preprocess)
    folder = find_checkpoint(str(checkpoint), revision, generation)
    parts = load_parts(folder, choices, generation, attend, place, kind)
    settings = {
        "name": name,
        "checkpoint": str(checkpoint),
        **choices.settings,
        "dtype": dtype_name(kind),
        "attention": attention_backend,
        "generation": generation,
        "native_query": parts.native_query,
        **({} if size == "last" else {"size": size}),
    }
    return InternVLU(name, parts, settings, sampling or Sampling(), system or System(), size)


def load_parts(
    folder: Path, choices: PreprocessOptions, generation: bool, attend: Attend, device: torch.device, dtype: torch.dtype
) -> Components:
    """Everything in a folder; small files are read, and what they say is checked, before any weights are."""
    config = read_config(folder / "vlm" / "config.json")
    tokenizer = read_tokenizer(folder / "processor")
    markers = find_markers(tokenizer, config.language.vocab_size, folder / "processor")
    tile = read_tile(folder / "processor" / "processor_config.json", config.vision.image_size)
    settings = read_json(folder / "vae" / "config.json")
    check_autoencoder(settings, folder / "vae" / "config.json")
    choices.anchor_size(tile, downsample_of(settings))
    vae = partial(load_vae, folder / "vae", settings, generation, device)
    codec = LatentCodec.of(vae()) if generation else LatentCodec(settings, vae)
    drawer = load_drawer(folder, config, device, dtype) if generation else None
    network = load_network(folder / "vlm", config, device, dtype)
    language = QwenLanguage(network.language_model, config.language)
    return Components(network, language, codec, tokenizer, markers, tile, attend, choices, drawer)


def load_network(folder: Path, config: InternVLUConfig, device: torch.device, dtype: torch.dtype) -> InternVLUNetwork:
    """The understanding half with its weights."""
    network = empty_network(config)
    load_weights(network, folder, stored_as, lambda _: False, device, dtype)
    return network


def load_vae(folder: Path, settings: Json, generation: bool, device: torch.device) -> "AutoencoderKLQwenImage":
    """The autoencoder in float32 and in its form for single frames; without `generation`, its encoder."""
    with torch.device("meta"):
        vae = build_vae(settings, folder / "config.json", decoder=generation)
    load_weights(
        vae, folder, TensorSource, lambda key: not generation and key.startswith(DECODING), device, torch.float32
    )
    return to_single_frame(vae)


def load_drawer(folder: Path, config: InternVLUConfig, device: torch.device, dtype: torch.dtype) -> ImageGenerator:
    """The generation decoder with its weights, and its solver."""
    path = folder / "generation_decoder" / "config.json"
    scheduler = read_scheduler(read_json(folder / SCHEDULER_FILE), folder / SCHEDULER_FILE)
    decoder_config = read_decoder_config(read_json(path), path)
    check_joint(decoder_config.joint_attention_dim, config.language.hidden_size, path)
    with torch.device("meta"):
        decoder = GenerationDecoder(decoder_config).eval().requires_grad_(False)
    load_weights(decoder, path.parent, TensorSource, lambda _: False, device, dtype)
    return ImageGenerator(decoder, scheduler)


def check_joint(width: int, hidden: int, where: Path) -> None:
    """Raises `InputError` where the decoder does not read two hidden states side by side."""
    if width != 2 * hidden:
        raise InputError(f"{where}: joint_attention_dim must be two hidden states of {hidden}, got {width}")
