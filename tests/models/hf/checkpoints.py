"""Tiny random checkpoints on disk, as transformers and diffusers save them."""

import json
from pathlib import Path
from typing import Any

from tests.models.hf.families import CLIP, TEXT, seeded

IMAGE = "<image>"
MARKERS = (IMAGE, "<fake_token_around_image>", "<end_of_utterance>", "<global-img>", "<row_1_col_1>", "<row_1_col_2>")
TEMPLATE = (
    "User:{% for turn in messages %}{% for part in turn['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endfor %}"
    "<end_of_utterance>{% if add_generation_prompt %}Assistant:{% endif %}"
)


def tokenizer() -> Any:
    """A token for every letter."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<s>", "</s>", "<unk>", *MARKERS, "\n", *map(chr, range(32, 127))]
    inner = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    special = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=inner, **special, additional_special_tokens=list(MARKERS))


def save_smolvlm(folder: Path) -> None:
    """A SmolVLM of two layers with tiles of 48 pixels and 36 tokens; its processor names the class that hubs name."""
    from transformers import Idefics3Processor, LlamaConfig, SmolVLMConfig, SmolVLMForConditionalGeneration
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    words = tokenizer()
    config = SmolVLMConfig(
        image_token_id=words.convert_tokens_to_ids(IMAGE),
        scale_factor=2,
        vision_config={**CLIP, "image_size": 96},
        text_config=LlamaConfig(**{**TEXT, "vocab_size": len(words)}),
        pad_token_id=0,
    )
    seeded(lambda: SmolVLMForConditionalGeneration(config)).save_pretrained(folder)
    images = SmolVLMImageProcessorPil(size={"longest_edge": 96}, max_image_size={"longest_edge": 96})
    Idefics3Processor(images, words, image_seq_len=36, chat_template=TEMPLATE).save_pretrained(folder)
    file = folder / "processor_config.json"
    settings = json.loads(file.read_text())
    file.write_text(json.dumps({**settings, "processor_class": "SmolVLMProcessor"}))
