"""Loads any vision-language model of transformers, by folder or hub id, from safetensors and without remote code."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from g2tr.errors import InputError
from g2tr.models.checkpoints.device import dtype_name, read_device, read_dtype
from g2tr.models.checkpoints.hub import find_folder
from g2tr.models.hf.cost import is_exact
from g2tr.models.hf.latents import load_latents
from g2tr.models.hf.model import HFModel
from g2tr.models.hf.processor import read_processor
from g2tr.models.hf.reduce import require_positions

log = logging.getLogger(__name__)
FILES = ("*.json", "model*.safetensors", "*.jinja", "*.model", "*.txt")
ATTENTION = ("sdpa", "eager")


def load_hf(
    checkpoint: str | None,
    name: str = "hf",
    revision: str | None = None,
    preprocess: str = "processor",
    dtype: str | torch.dtype = "bfloat16",
    device: str | torch.device = "cpu",
    attention_backend: str = "sdpa",
    positions: str = "original",
    latents: str | None = None,
    image_options: Mapping[str, Any] | None = None,
) -> HFModel:
    """A model of transformers, ready to answer.

    `latents` is the folder or hub id of an autoencoder to borrow (`load_latents`); `image_options` go to the
    processor, whose own settings are what `preprocess` stands for. Raises `InputError` where the checkpoint cannot be
    loaded, for an unknown setting, and for a model that takes no encoder outputs.
    """
    if not checkpoint:
        raise InputError("name the model: model.checkpoint=FOLDER, or a hub id")
    if preprocess != "processor":
        raise InputError(f"preprocess must be processor, the checkpoint's own, got {preprocess!r}")
    if attention_backend not in ATTENTION:
        raise InputError(f"attention_backend must be one of {', '.join(ATTENTION)}, got {attention_backend!r}")
    require_positions(positions)
    place, kind = read_device(device), read_dtype(dtype)
    folder = find_folder(checkpoint, revision, FILES)
    processor = read_processor(folder)
    network = read_network(folder, kind, attention_backend).to(place)
    settings = {
        "name": name,
        "checkpoint": checkpoint,
        "family": network.config.model_type,
        "preprocess": preprocess,
        "dtype": dtype_name(kind),
        "attention": attention_backend,
        "positions": positions,
        "latents": latents,
        "native_query": HFModel.native_query,
    }
    lent = load_latents(latents, processor, device=place) if latents else None
    model = HFModel(name, network, processor, settings, positions, lent, dict(image_options or {}))
    if not is_exact(network.get_decoder(), model.shape.language):
        log.warning("prefill FLOPs of %s are approximate: its layers are not those of a dense decoder", name)
    return model


def read_network(folder: Path, dtype: torch.dtype, attention: str) -> Any:  # noqa: ANN401
    """The network with its weights. Raises `InputError` for what transformers cannot load."""
    import transformers

    try:
        network = transformers.AutoModelForImageTextToText.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation=attention,
            use_safetensors=True,
            trust_remote_code=False,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{folder}: transformers cannot load it: {reason}") from None
    return network.eval().requires_grad_(False)
