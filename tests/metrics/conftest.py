"""Tiny random networks as transformers stores them: what is tested is what is compared, not how well."""

from pathlib import Path

import pytest
import torch

SMALL = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
SIDES = {"image_size": 32, "patch_size": 16}


@pytest.fixture(scope="session")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a `clip` and a `dino`."""
    import transformers as hf

    torch.manual_seed(0)
    folder, size = tmp_path_factory.mktemp("networks"), {"height": 32, "width": 32}
    vocabulary = {"<|startoftext|>": 0, "<|endoftext|>": 1} | {f"{c}</w>": i + 2 for i, c in enumerate("abcdef")}
    text = {**SMALL, "vocab_size": 8, "max_position_embeddings": 8, "bos_token_id": 0, "eos_token_id": 1}
    config = hf.CLIPConfig(text_config=text, vision_config={**SMALL, **SIDES}, projection_dim=8)
    hf.CLIPModel(config).save_pretrained(folder / "clip")
    hf.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=8).save_pretrained(folder / "clip")
    hf.CLIPImageProcessorPil(size={"shortest_edge": 32}, crop_size=size).save_pretrained(folder / "clip")
    hf.ViTModel(hf.ViTConfig(**SMALL, **SIDES)).save_pretrained(folder / "dino")
    hf.ViTImageProcessorPil(size=size).save_pretrained(folder / "dino")
    return folder
