"""Tiny random models of transformers' families, and inputs as their processors make them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

IMAGE, PAD, VOCABULARY = 7, 0, 64
TEXT = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": PAD,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "max_position_embeddings": 512,
}
CLIP = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "image_size": 48,
    "patch_size": 8,
}


@dataclass(frozen=True)
class Family:
    """A model and the inputs of one image, given how many images a row has."""

    model: Callable[[], Any]
    inputs: Callable[[int], dict[str, Any]]


def pixels(count: int, height: int = 48, width: int = 48, seed: int = 0) -> Tensor:
    """`count` pictures of noise that is smooth enough to have structure; picture i is the same in every count."""
    chances = [torch.Generator().manual_seed(100 * seed + i) for i in range(count)]
    noise = torch.stack([torch.randn(3, 6, 6, generator=chance) for chance in chances])
    return torch.nn.functional.interpolate(noise, (height, width), mode="bilinear")


def ids(lengths: list[int], seed: int = 0) -> Tensor:
    """One row: two words, then each image between a word before and two behind."""
    words = iter(torch.randint(8, VOCABULARY, (64,), generator=torch.Generator().manual_seed(seed)).tolist())
    row = [next(words), next(words)]
    for length in lengths:
        row += [next(words), *[IMAGE] * length, next(words), next(words)]
    return torch.tensor([row])


def seeded(build: Callable[[], Any]) -> Any:
    """A model with the weights of one seed, wide enough that greedy answers vary."""
    torch.manual_seed(0)
    model = build().eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(4)
    return model


def llava() -> Any:
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**CLIP),
        text_config=LlamaConfig(**TEXT),
        image_token_id=IMAGE,
        vision_feature_layer=-1,
    )
    return LlavaForConditionalGeneration(config)


def tiles(length: int) -> Callable[[int], dict[str, Any]]:
    """Inputs of a model that reads one square picture as `length` tokens."""
    return lambda images: {"input_ids": ids([length] * images), "pixel_values": pixels(images)}


def qwen2_vl() -> Any:
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 4, "mlp_ratio": 2, "patch_size": 8}
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(text_config=mrope_text(), vision_config=vision, **QWEN))


def qwen2_5_vl() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 4,
        "patch_size": 8,
        "window_size": 32,
        "fullatt_block_indexes": [1],
        "out_hidden_size": 32,
    }
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=mrope_text(), vision_config=vision, **QWEN))


def qwen3_vl() -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_heads": 4,
        "patch_size": 8,
        "out_hidden_size": 32,
        "deepstack_visual_indexes": [0],
        "num_position_embeddings": 64,
    }
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=mrope_text(), vision_config=vision, **QWEN))


QWEN = {"image_token_id": IMAGE, "video_token_id": 6, "vision_start_token_id": 5, "vision_end_token_id": 4}


def mrope_text() -> dict[str, Any]:
    """A language model whose positions have three axes."""
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "rope_theta": 10000.0, "mrope_interleaved": True}
    return {**TEXT, "rope_parameters": rope}


def qwen_inputs(images: int) -> dict[str, Any]:
    """Pictures of 48 x 64 pixels as flattened patches: 6 x 8 of them, 3 x 4 tokens."""
    picture = pixels(images, 48, 64)
    patches = picture.view(images, 3, 3, 2, 8, 4, 2, 8).permute(0, 2, 5, 3, 6, 1, 4, 7)
    doubled = patches[..., None, :, :].expand(*patches.shape[:-2], 2, 8, 8).reshape(images * 48, -1)
    row = ids([12] * images)
    kinds = (row == IMAGE).int()
    grid = torch.tensor([[1, 6, 8]] * images)
    return {"input_ids": row, "pixel_values": doubled, "image_grid_thw": grid, "mm_token_type_ids": kinds}


def internvl() -> Any:
    from transformers import InternVLConfig, InternVLForConditionalGeneration, InternVLVisionConfig, Qwen2Config

    vision = InternVLVisionConfig(**{**CLIP, "image_size": [48, 48], "patch_size": [8, 8]})
    return InternVLForConditionalGeneration(
        InternVLConfig(vision_config=vision, text_config=Qwen2Config(**TEXT), image_token_id=IMAGE)
    )


def gemma3() -> Any:
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    text = Gemma3TextConfig(**TEXT, query_pre_attn_scalar=8, sliding_window=16)
    config = Gemma3Config(
        text_config=text, vision_config=SiglipVisionConfig(**CLIP), mm_tokens_per_image=9, image_token_id=IMAGE
    )
    return Gemma3ForConditionalGeneration(config)


def gemma3_inputs(images: int) -> dict[str, Any]:
    inputs = tiles(9)(images)
    return {**inputs, "token_type_ids": (inputs["input_ids"] == IMAGE).long()}


def smolvlm() -> Any:
    from transformers import LlamaConfig, SmolVLMConfig, SmolVLMForConditionalGeneration

    config = SmolVLMConfig(
        image_token_id=IMAGE, scale_factor=2, vision_config=CLIP, text_config=LlamaConfig(**TEXT), pad_token_id=PAD
    )
    return SmolVLMForConditionalGeneration(config)


def idefics3() -> Any:
    from transformers import Idefics3Config, Idefics3ForConditionalGeneration, LlamaConfig

    config = Idefics3Config(
        image_token_id=IMAGE, scale_factor=2, vision_config=CLIP, text_config=LlamaConfig(**TEXT), pad_token_id=PAD
    )
    return Idefics3ForConditionalGeneration(config)


def tiled_inputs(images: int) -> dict[str, Any]:
    """One sample of several tiles, stacked as SmolVLM's processor does."""
    return {"input_ids": ids([9] * images), "pixel_values": pixels(images)[None]}


def mistral3() -> Any:
    from transformers import Mistral3Config, Mistral3ForConditionalGeneration, MistralConfig, PixtralVisionConfig

    vision = PixtralVisionConfig(**{**CLIP, "image_size": 64, "head_dim": 8})
    config = Mistral3Config(
        vision_config=vision,
        text_config=MistralConfig(**TEXT),
        image_token_index=IMAGE,
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    return Mistral3ForConditionalGeneration(config)


def sized_inputs(images: int) -> dict[str, Any]:
    """Pictures of 48 x 64 pixels with their sizes: 3 x 4 tokens of 16 x 16 pixels."""
    sizes = torch.tensor([[48, 64]] * images)
    return {"input_ids": ids([12] * images), "pixel_values": pixels(images, 48, 64), "image_sizes": sizes}


def paligemma() -> Any:
    from transformers import GemmaConfig, PaliGemmaConfig, PaliGemmaForConditionalGeneration, SiglipVisionConfig

    config = PaliGemmaConfig(
        vision_config=SiglipVisionConfig(**CLIP, projection_dim=32),
        text_config=GemmaConfig(**TEXT),
        image_token_index=IMAGE,
        projection_dim=32,
    )
    return PaliGemmaForConditionalGeneration(config)


def paligemma_inputs(images: int) -> dict[str, Any]:
    inputs = tiles(36)(images)
    return {**inputs, "token_type_ids": torch.zeros_like(inputs["input_ids"])}


def llava_onevision() -> Any:
    from transformers import (
        LlavaOnevisionConfig,
        LlavaOnevisionForConditionalGeneration,
        Qwen2Config,
        SiglipVisionConfig,
    )

    config = LlavaOnevisionConfig(
        vision_config=SiglipVisionConfig(**CLIP),
        text_config=Qwen2Config(**TEXT),
        image_token_index=IMAGE,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_grid_pinpoints=[[48, 96], [96, 48], [96, 96]],
    )
    return LlavaOnevisionForConditionalGeneration(config)


def pinpoint_inputs(images: int) -> dict[str, Any]:
    """Pictures of 48 x 96 pixels: an overview of 6 x 6 tokens, and two tiles as 6 x 12 with a newline a row."""
    tiles = torch.stack([pixels(3, seed=image) for image in range(images)])
    sizes = torch.tensor([[48, 96]] * images)
    row = ids([36 + 6 * 13] * images)
    return {"input_ids": row, "pixel_values": tiles, "image_sizes": sizes, "batch_num_images": torch.ones(images).int()}


def janus() -> Any:
    from transformers import JanusConfig, JanusForConditionalGeneration

    vision = {**CLIP, "projection_dim": 32, "num_image_tokens": 36, "mlp_ratio": 2}
    vq = {"embed_dim": 4, "num_embeddings": 16, "base_channels": 32, "channel_multiplier": [1, 1], "num_res_blocks": 1}
    vq |= {"projection_dim": 32, "image_token_embed_dim": 32, "num_patches": 6}
    config = JanusConfig(text_config=TEXT, vision_config=vision, vq_config=vq, image_token_id=IMAGE)
    return JanusForConditionalGeneration(config)


FAMILIES = {
    "llava": Family(llava, tiles(36)),
    "qwen2_vl": Family(qwen2_vl, qwen_inputs),
    "qwen2_5_vl": Family(qwen2_5_vl, qwen_inputs),
    "qwen3_vl": Family(qwen3_vl, qwen_inputs),
    "internvl": Family(internvl, tiles(9)),
    "gemma3": Family(gemma3, gemma3_inputs),
    "smolvlm": Family(smolvlm, tiled_inputs),
    "idefics3": Family(idefics3, tiled_inputs),
    "mistral3": Family(mistral3, sized_inputs),
    "paligemma": Family(paligemma, paligemma_inputs),
    "llava_onevision": Family(llava_onevision, pinpoint_inputs),
    "janus": Family(janus, tiles(36)),
}
