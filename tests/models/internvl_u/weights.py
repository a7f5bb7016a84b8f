"""The recorded random weights and images, drawn again from their seeds, bit for bit."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Shapes = dict[str, tuple[int, ...]]
SEEDS = {"vlm": 1, "generation_decoder": 2, "vae": 3}
PIXEL_SEED = 5
MEAN, STD = 0.45, 0.225


def draw_weights(part: str, config: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights of one part, drawn in the order in which the official modules list their parameters."""
    generator = torch.Generator().manual_seed(SEEDS[part])
    shapes = {"vlm": vlm_shapes, "generation_decoder": decoder_shapes, "vae": vae_shapes}[part](config)
    return {name: scaled(name, torch.randn(shape, generator=generator)) for name, shape in shapes.items()}


def scaled(name: str, noise: Tensor) -> Tensor:
    """Noise at the scale of its parameter."""
    match name.split("."):
        case [*_, "embed_tokens" | "special_token_embedding", "weight"]:
            return noise
        case [*_, "position_embedding" | "class_embedding"]:
            return 0.3 * noise
        case [*_, "bias" | "encoder_padding_token"]:
            return 0.1 * noise
        case [*_, "gamma"]:
            return 1 + 0.1 * noise
    return 1 + 0.1 * noise if noise.ndim == 1 else noise * 1.2 / math.sqrt(noise[0].numel())


def draw_images() -> dict[str, Tensor]:
    """One field of 7 x 9 colours, as the vision tower and as the autoencoder see it."""
    field = torch.rand(1, 3, 7, 9, generator=torch.Generator().manual_seed(PIXEL_SEED))
    small, wide = (F.interpolate(field, size, mode="bicubic").clamp(0, 1) for size in ((112, 112), (96, 128)))
    return {"pixel_values": (small - MEAN) / STD, "pixel_values_gen": wide * 2 - 1}


def affine(name: str, outputs: int, *inputs: int) -> Shapes:
    """A layer with weight and bias."""
    return {f"{name}.weight": (outputs, *inputs), f"{name}.bias": (outputs,)}


def vlm_shapes(config: Mapping[str, Any]) -> Shapes:
    width, token = config["vision"]["hidden_size"], config["llm"]["hidden_size"]
    patch, tokens = config["vision"]["patch_size"], config["vision"]["image_size"] // config["vision"]["patch_size"]
    return {
        "vision_model.embeddings.class_embedding": (1, 1, width),
        "vision_model.embeddings.position_embedding": (1, tokens**2 + 1, width),
        **affine("vision_model.embeddings.patch_embedding", width, 3, patch, patch),
        **dict(vision_layers(config["vision"])),
        **dict(language_layers(config["llm"])),
        **affine("mlp1.0", 4 * width),
        **affine("mlp1.1", token, 4 * width),
        **affine("mlp1.3", token, token),
        "special_token_embedding.weight": (10, token),
    }


def vision_layers(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, mlp = config["hidden_size"], config["intermediate_size"]
    for layer in range(config["num_hidden_layers"]):
        stem = f"vision_model.encoder.layers.{layer}"
        yield f"{stem}.ls1", (width,)
        yield f"{stem}.ls2", (width,)
        yield from affine(f"{stem}.attn.qkv", 3 * width, width).items()
        yield from affine(f"{stem}.attn.proj", width, width).items()
        yield from affine(f"{stem}.mlp.fc1", mlp, width).items()
        yield from affine(f"{stem}.mlp.fc2", width, mlp).items()
        yield from affine(f"{stem}.norm1", width).items()
        yield from affine(f"{stem}.norm2", width).items()


def language_layers(config: Mapping[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    width, mlp, head = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    queries, keys = head * config["num_attention_heads"], head * config["num_key_value_heads"]
    yield "language_model.model.embed_tokens.weight", (config["vocab_size"], width)
    for layer in range(config["num_hidden_layers"]):
        stem = f"language_model.model.layers.{layer}"
        yield f"{stem}.self_attn.q_proj.weight", (queries, width)
        yield f"{stem}.self_attn.k_proj.weight", (keys, width)
        yield f"{stem}.self_attn.v_proj.weight", (keys, width)
        yield f"{stem}.self_attn.o_proj.weight", (width, queries)
        yield f"{stem}.self_attn.q_norm.weight", (head,)
        yield f"{stem}.self_attn.k_norm.weight", (head,)
        yield f"{stem}.mlp.gate_proj.weight", (mlp, width)
        yield f"{stem}.mlp.up_proj.weight", (mlp, width)
        yield f"{stem}.mlp.down_proj.weight", (width, mlp)
        yield f"{stem}.input_layernorm.weight", (width,)
        yield f"{stem}.post_attention_layernorm.weight", (width,)
    yield "language_model.model.norm.weight", (width,)
    yield "language_model.lm_head.weight", (config["vocab_size"], width)


def decoder_shapes(config: Mapping[str, Any]) -> Shapes:
    facts = config["decoder"]
    width, joint = facts["attention_head_dim"] * facts["num_attention_heads"], facts["joint_attention_dim"]
    blocks = (block_layers(f"decoder.transformer_blocks.{i}", width, facts) for i in range(facts["num_layers"]))
    return {
        "encoder_padding_token": (joint,),
        **affine("decoder.time_text_embed.timestep_embedder.linear_1", width, 256),
        **affine("decoder.time_text_embed.timestep_embedder.linear_2", width, width),
        "decoder.txt_norm.weight": (joint,),
        **affine("decoder.img_in", width, facts["in_channels"]),
        **affine("decoder.txt_in", width, joint),
        **{name: shape for block in blocks for name, shape in block.items()},
        **affine("decoder.norm_out.linear", 2 * width, width),
        **affine("decoder.proj_out", facts["in_channels"], width),
    }


def block_layers(stem: str, width: int, config: Mapping[str, Any]) -> Shapes:
    head: tuple[int, ...] = (config["attention_head_dim"],)
    widths = {"to_q": 2, "to_k": 1, "to_v": 1, "add_k_proj": 1, "add_v_proj": 1, "add_q_proj": 2}
    widths |= {"to_out.0": 1, "to_add_out": 1}
    projections = [affine(f"{stem}.attn.{name}", times * width, width) for name, times in widths.items()]
    return {
        **affine(f"{stem}.img_mod.1", 6 * width, width),
        **{f"{stem}.attn.{name}.weight": head for name in ("norm_q", "norm_k")},
        **{name: shape for layer in projections for name, shape in layer.items()},
        **{f"{stem}.attn.{name}.weight": head for name in ("norm_added_q", "norm_added_k")},
        **affine(f"{stem}.img_mlp.net.0.proj", 4 * width, width),
        **affine(f"{stem}.img_mlp.net.2", width, 4 * width),
        **affine(f"{stem}.txt_mod.1", 6 * width, width),
        **affine(f"{stem}.txt_mlp.net.0.proj", 4 * width, width),
        **affine(f"{stem}.txt_mlp.net.2", width, 4 * width),
    }


def vae_shapes(config: Mapping[str, Any]) -> Shapes:
    from diffusers import AutoencoderKLQwenImage

    with torch.device("meta"):
        vae = AutoencoderKLQwenImage(**config["vae"])
    return {name: tuple(value.shape) for name, value in vae.named_parameters()}
