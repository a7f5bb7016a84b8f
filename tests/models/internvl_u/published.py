"""The recorded model as a checkpoint folder in the published layout."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from tests.models.internvl_u.weights import MEAN, STD

FILES = {
    "vlm": "model.safetensors",
    "generation_decoder": "model.safetensors",
    "vae": "diffusion_pytorch_model.safetensors",
}


def write_checkpoint(folder: Path, config: Mapping[str, Any], weights: Mapping[str, Mapping[str, Tensor]]) -> Path:
    """A folder with `model_index.json` and one sub-folder per part."""
    for name, content in {
        "model_index.json": index(),
        "vlm/config.json": vlm_config(config),
        "generation_decoder/config.json": decoder_config(config),
        "vae/config.json": {"_class_name": "AutoencoderKLQwenImage", **config["vae"]},
        "scheduler/scheduler_config.json": scheduler_config(config),
        "processor/processor_config.json": processor_config(config),
        "processor/tokenizer.json": tokenizer(config),
        "processor/tokenizer_config.json": tokenizer_config(),
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(content))
    for part, file in FILES.items():
        save_file(dict(weights[part]), folder / part / file)
    return folder


def index() -> dict[str, Any]:
    return {
        "_class_name": "InternVLUPipeline",
        "vlm": ["internvlu", "InternVLUChatModel"],
        "generation_decoder": ["internvlu", "InternVLUGenerationDecoder"],
        "vae": ["diffusers", "AutoencoderKLQwenImage"],
        "scheduler": ["diffusers", "DPMSolverMultistepScheduler"],
        "processor": ["internvlu", "InternVLUProcessor"],
    }


def vlm_config(config: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "vision_config": config["vision"],
        "llm_config": config["llm"],
        "downsample_ratio": 0.5,
        "ps_version": "v2",
        "select_layer": -1,
        "template": "qwen2_5-chat-v3",
    }


def decoder_config(config: Mapping[str, Any]) -> dict[str, Any]:
    wrapper, width = config["decoder_wrapper"], config["decoder"]["joint_attention_dim"]
    scales = {name: value for name, value in wrapper.items() if name.endswith("position_scale_factor")}
    return {
        **wrapper,
        "padding_encoder_hidden_states": True,
        "input_hidden_size": width,
        "output_hidden_size": width,
        "vae_downsample_factor": 8,
        "flow_shift": config["scheduler"]["flow_shift"],
        "decoder_config": {**config["decoder"], **scales},
    }


def scheduler_config(config: Mapping[str, Any]) -> dict[str, Any]:
    stated = {name: value for name, value in config["scheduler"].items() if value is not None}
    return {"_class_name": "DPMSolverMultistepScheduler", **stated}


def processor_config(config: Mapping[str, Any]) -> dict[str, Any]:
    side = config["vision"]["image_size"]
    kwargs = {"size": {"height": side, "width": side}, "image_mean": [MEAN] * 3, "image_std": [STD] * 3}
    return {"processor_class": "InternVLUProcessor", "image_processor_kwargs": kwargs}


def tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
    }


def tokenizer(config: Mapping[str, Any]) -> dict[str, Any]:
    """One token per character: the id of an ASCII character is its code, as in the recording (byte mod 149)."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    ends = {"<|im_start|>": config["im_start"], "<|im_end|>": config["im_end"], "<|endoftext|>": config["pad"]}
    ids = {**config["special_tokens"], **ends}
    markers = [{"id": token, "content": text} for text, token in ids.items()]
    vocab = {chr(code): code for code in range(150)} | ids
    return {
        "version": "1.0",
        "added_tokens": [{**marker, **plain} for marker in markers],
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": r"[\s\S]"}, "behavior": "Isolated", "invert": False},
        "decoder": {"type": "Fuse"},
        "model": {"type": "WordLevel", "vocab": vocab, "unk_token": chr(0)},
    }
