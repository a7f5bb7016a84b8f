"""How large the model is, and the configuration files that say so."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2tr.errors import InputError
from g2tr.files import write_atomically
from g2tr.models.bagel.config import BagelConfig, read_config
from g2tr.training.token_rows import END, IMAGE_END, IMAGE_START, PAD, SPECIALS, START

PATCH, CELL = 14, 16
LLM = {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu", "rope_theta": 1e6}
LLM_MORE = {"rms_norm_eps": 1e-6, "tie_word_embeddings": False, "torch_dtype": "bfloat16", "use_cache": True}
TRANSFORM = {"vae": CELL, "vit": PATCH}


@dataclass(frozen=True)
class Shape:
    """Sizes of the language model, the ViT and the autoencoder, by the names of their configuration files.

    Images have sides from `min_side` to `max_side` pixels. `vit.num_hidden_layers` counts the layers that are there;
    the published file states one more. Raises `InputError` where the largest image has no whole ViT patches.
    """

    llm: Mapping[str, int]
    vit: Mapping[str, int]
    vae: Mapping[str, Any]
    min_side: int = 224
    max_side: int = 224

    def __post_init__(self) -> None:
        if self.max_side % PATCH or self.max_side % CELL or self.min_side > self.max_side:
            raise InputError(f"max_side must be a multiple of {PATCH} and {CELL} px, got {self.max_side}")

    @property
    def sides(self) -> tuple[int, int]:
        """Sides of the position tables of ViT patches and latent patches."""
        return self.max_side // PATCH, self.max_side // CELL

    def write(self, folder: Path, entries: Sequence[str]) -> BagelConfig:
        """Writes all configuration files of a checkpoint, the tokenizer among them, and reads them back."""
        folder.mkdir(parents=True, exist_ok=True)
        files = {
            "llm_config.json": self.llm_file(len(entries)),
            "vit_config.json": self.vit_file(),
            "bagel_config.json": self.bagel_file(),
        }
        for name, content in (files | tokenizer_files(entries)).items():
            write_atomically(folder / name, json.dumps(content, indent=2) + "\n")
        return read_config(folder, *self.sides)

    def llm_file(self, vocabulary: int) -> dict[str, Any]:
        ids = {"bos_token_id": START, "eos_token_id": END, "max_position_embeddings": 32768}
        return LLM | LLM_MORE | ids | {"vocab_size": vocabulary} | dict(self.llm)

    def vit_file(self) -> dict[str, Any]:
        stated = {"num_hidden_layers": self.vit["num_hidden_layers"] + 1, "image_size": self.max_side}
        return {"model_type": "siglip_vision_model", "patch_size": PATCH} | dict(self.vit) | stated

    def bagel_file(self) -> dict[str, Any]:
        sides = {"max_image_size": self.max_side, "min_image_size": self.min_side}
        marks = {"bos_token_id": START, "eos_token_id": END, "start_of_image": IMAGE_START, "end_of_image": IMAGE_END}
        return {
            "latent_patch_size": 2,
            "vit_max_num_patch_per_side": self.sides[0],
            "max_latent_size": self.sides[1],
            "vae": {"downsample": 8, "scale_factor": 0.3611, "shift_factor": 0.1159} | dict(self.vae),
            "image_transforms": {name: sides | {"image_stride": stride} for name, stride in TRANSFORM.items()},
            "special_tokens": marks | {"pad_token_id": PAD, "unk_token_id": len(SPECIALS) - 1},
        }


def tokenizer_files(entries: Sequence[str]) -> dict[str, Any]:
    """A tokenizer over blanks, one id for each entry, as transformers reads it."""
    plain = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    added = {str(i): {"content": special} | plain for i, special in enumerate(SPECIALS)}
    names = {"bos_token": SPECIALS[START], "eos_token": SPECIALS[END], "pad_token": SPECIALS[PAD]}
    extra = [SPECIALS[IMAGE_START], SPECIALS[IMAGE_END]]
    special_map = names | {"unk_token": SPECIALS[-1], "additional_special_tokens": extra}
    tokenizer = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": int(i)} | content for i, content in added.items()],
        "normalizer": None,
        "pre_tokenizer": {"type": "WhitespaceSplit"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {e: i for i, e in enumerate(entries)}, "unk_token": SPECIALS[-1]},
    }
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
    return {
        "tokenizer.json": tokenizer,
        "tokenizer_config.json": special_map | settings | {"model_max_length": 32768, "added_tokens_decoder": added},
        "special_tokens_map.json": special_map,
    }
