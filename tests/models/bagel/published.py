"""Recorded models as checkpoint folders in the published layout, and how to spoil them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.bagel.load import load_bagel

MARKERS = {
    "<|im_start|>": "bos_token_id",
    "<|im_end|>": "eos_token_id",
    "<|vision_start|>": "start_of_image",
    "<|vision_end|>": "end_of_image",
}
GROUPS = 32


def write_checkpoint(folder: Path, weights: Path, facts: Mapping[str, Any]) -> Path:
    """A folder that `load_bagel` takes: links to the weights, and configuration files from the recorded facts."""
    folder.mkdir(exist_ok=True)
    for name in ("ema.safetensors", "ae.safetensors"):
        (folder / name).symlink_to((weights / name).resolve())
    extra = {
        "latent_patch_size": facts["top"]["latent_patch_size"],
        "vae": {**facts["vae"], "norm_num_groups": GROUPS},
        "image_transforms": facts["transforms"],
    }
    tokens = [{"id": facts["special"][key], "content": marker} for marker, key in MARKERS.items()]
    files = {
        "llm_config.json": facts["llm_config"],
        "vit_config.json": facts["vit_config"],
        "bagel_config.json": extra,
        "tokenizer.json": tokenizer(tokens),
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False},
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    return folder


def tokenizer(markers: list[dict[str, Any]]) -> dict[str, Any]:
    """One token per character: the id of an ASCII character is its code, as in the recording (byte mod 149)."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    characters = {chr(code): code for code in range(150)}
    return {
        "version": "1.0",
        "added_tokens": [{**marker, **plain} for marker in markers],
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[\s\S]"}, "behavior": "Isolated", "invert": False},
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": characters, "unk_token": chr(0)},
    }


def refusal(checkpoint: Path | str, **settings: str) -> str:
    """The one line with which loading is refused."""
    with pytest.raises(InputError) as caught:
        load_bagel(str(checkpoint), **{"dtype": "float32", **settings})
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


def rewrite_tensors(path: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    tensors = load_file(path)
    change(tensors)
    path.unlink()
    save_file(tensors, path)


def rewrite_json(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
