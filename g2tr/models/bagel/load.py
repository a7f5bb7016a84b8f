"""Loads BAGEL from a folder or a hub id in the published layout."""

import math
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import torch

from g2tr.errors import InputError
from g2tr.models.bagel.autoencoder import build_vae, count_levels, ldm_name
from g2tr.models.bagel.checkpoint import AUTOENCODER, WEIGHTS, find_checkpoint
from g2tr.models.bagel.config import BagelConfig, SpecialTokens, read_config
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.network import BagelNetwork, empty_network, published_name
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.thinking import Thinking
from g2tr.models.bagel.transforms import Preset, preset
from g2tr.models.bagel.vae import LatentCodec
from g2tr.models.calls import check_size
from g2tr.models.checkpoints.device import dtype_name, read_device, read_dtype
from g2tr.models.checkpoints.safetensors_io import TensorSource, load_weights, read_shapes
from g2tr.models.checkpoints.tokenizer import Tokenizer, marker_ids, read_tokenizer
from g2tr.models.engine.attention import attention

MARKERS = ("<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>")
GENERATION = re.compile(r"_moe_gen|^llm2vae|^time_embedder|^latent_pos_embed")


def load_bagel(
    checkpoint: str | Path,
    name: str = "bagel",
    revision: str | None = None,
    preprocess: str = "official_eval",
    dtype: str | torch.dtype = "bfloat16",
    device: str | torch.device = "cpu",
    attention_backend: str = "sdpa",
    generation: bool = True,
    sampling: Sampling | None = None,
    think: Thinking | None = None,
    weights: str = WEIGHTS,
    size: str = "last",
) -> Bagel:
    """A BAGEL model, ready to answer and, with `generation`, to edit.

    `weights` names the file of the network, which may be stored in shards; `size` is that of an edit
    (`g2tr.models.calls.edit_size`). Weights go straight to `device` and `dtype`; the autoencoder stays in float32.
    Without `generation` the generation experts and the autoencoder's decoder are not read. Raises `InputError` for a
    missing file, a missing, surplus or misshaped tensor, a value that is not finite, or an unknown setting.
    """
    place, kind = read_device(device), read_dtype(dtype)
    check_size(size)
    attend = attention(attention_backend, place, kind)
    folder = find_checkpoint(str(checkpoint), revision, weights)
    config = checkpoint_config(folder, weights)
    rules = preset(preprocess, config.vae_resize, config.vit_resize)
    tokenizer, markers = load_tokenizer(folder, config.language.vocab_size)
    codec = load_codec(folder / AUTOENCODER, config, generation, place)
    check_tables(rules, config, codec.downsample)
    network = load_network(folder / weights, config, generation, place, kind)
    settings = {
        "name": name,
        "checkpoint": str(checkpoint),
        **({} if weights == WEIGHTS else {"weights": weights}),
        "preprocess": preprocess,
        "dtype": dtype_name(kind),
        "attention": attention_backend,
        "generation": generation,
        "native_query": Components.native_query,
        **({} if size == "last" else {"size": size}),
    }
    parts = Components(network, codec, tokenizer, markers, rules, attend)
    return Bagel(name, parts, settings, sampling or Sampling(), think, size)


def checkpoint_config(folder: Path, weights: str = WEIGHTS) -> BagelConfig:
    """The configuration, with the sides of both position tables from the shapes of the stored tensors."""
    shapes = read_shapes(folder / weights)
    sides = [table_side(shapes, f"{table}.pos_embed", weights) for table in ("vit_pos_embed", "latent_pos_embed")]
    return read_config(folder, *sides)


def table_side(shapes: Mapping[str, tuple[int, ...]], key: str, file: str) -> int:
    """The side of a square position table."""
    if key not in shapes:
        raise InputError(f"{file} lacks {key}")
    side = math.isqrt(math.prod(shapes[key][:1]))
    if len(shapes[key]) != 2 or side**2 != shapes[key][0]:
        raise InputError(f"{file}: {key} has shape {shapes[key]}, wanted a square number of rows")
    return side


def check_tables(rules: Preset, config: BagelConfig, downsample: int) -> None:
    """Raises `InputError` where the largest image of a preset does not fit the position table of its tokens."""
    patch = config.vision.patch_size
    tables = (
        ("vit", rules.vit, patch, config.vit_side),
        ("vae", rules.vae, config.latent_patch * downsample, config.latent_side),
    )
    for name, rule, cell, side in tables:
        if rule.stride % cell or rule.max_side > side * cell:
            raise InputError(
                f"image_transforms.{name}: at most {rule.max_side} pixels in steps of {rule.stride} do not fit "
                f"a position table of {side} x {side} tokens of {cell} pixels"
            )


def load_network(
    path: Path, config: BagelConfig, generation: bool, device: torch.device, dtype: torch.dtype
) -> BagelNetwork:
    """The network with its weights; without `generation`, its understanding half."""
    network = empty_network(config, generation)
    skipped = partial(skip, generation=generation)
    load_weights(network, path, lambda name: TensorSource(published_name(name)), skipped, device, dtype)
    return network


def skip(key: str, generation: bool) -> bool:
    """Whether a stored tensor belongs to the generation half and that half is not wanted."""
    return not generation and GENERATION.search(key) is not None


def load_codec(path: Path, config: BagelConfig, generation: bool, device: torch.device) -> LatentCodec:
    """The autoencoder in float32; without `generation`, its encoder."""
    shapes = read_shapes(path)
    with torch.device("meta"):
        vae = build_vae(shapes, config.vae.norm_num_groups, decoder=generation).eval().requires_grad_(False)
    levels = count_levels(shapes)
    load_weights(
        vae,
        path,
        lambda name: TensorSource(ldm_name(name, levels)),
        lambda key: not generation and key.startswith("decoder."),
        device,
        torch.float32,
    )
    return LatentCodec(vae, config)


def load_tokenizer(folder: Path, vocab_size: int) -> tuple[Tokenizer, SpecialTokens]:
    """The checkpoint's tokenizer and the ids of its four markers.

    Raises `InputError` where it cannot be read, lacks a marker, or has one for which there is no embedding.
    """
    tokenizer = read_tokenizer(folder)
    return tokenizer, SpecialTokens(*marker_ids(tokenizer, MARKERS, vocab_size, folder))
