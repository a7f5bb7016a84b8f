"""Names what a tape has heard as the recording does: key → tensor."""

from collections.abc import Sequence

import torch
from torch import Tensor

from g2tr.models.bagel.parts import Components
from g2tr.models.engine.context import State
from g2tr.models.engine.layout import image_rows, pack
from tests.models.bagel.tape import Tape

Tensors = dict[str, Tensor]


def named(prefix: str, tensors: Tensors) -> Tensors:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def caches(states: Sequence[State[Components]]) -> Tensors:
    """Keys and values of all samples, one after the other."""
    layers = range(len(states[0].cache.layers))
    sides = {"k": 0, "v": 1}
    return {
        f"cache.{side}.{layer}": torch.cat([state.cache.layers[layer][index] for state in states])
        for side, index in sides.items()
        for layer in layers
    }


def outcome(tape: Tape, states: Sequence[State[Components]]) -> Tensors:
    """What a prefill leaves: hidden states, lengths, next positions, caches."""
    lengths, ropes = [state.length for state in states], [state.rope for state in states]
    sizes = {"out.newlens": torch.tensor(lengths), "out.new_rope": torch.tensor(ropes)}
    return sizes | {"llm_out": tape.calls["block"][-1].output} | caches(states)


def text_block(tape: Tape, states: Sequence[State[Components]]) -> Tensors:
    return outcome(tape, states) | {
        "in.text_token_lens": torch.tensor(tape.block.lengths),
        "in.packed_text_ids": tape.told("ids"),
        "in.packed_text_position_ids": tape.block.positions,
        "in.packed_text_indexes": tape.layout.new,
        "in.packed_key_value_indexes": tape.layout.old,
        "in.key_values_lens": torch.tensor(tape.layout.cached),
    }


def image_layout(tape: Tape, tokens: str) -> Tensors:
    """The packing of an image block; `tokens` is the official name of its token rows."""
    rows = image_rows([length - 2 for length in tape.block.lengths])
    return {
        "in.packed_text_ids": tape.told("ids"),
        "in.packed_text_indexes": rows.markers,
        f"in.{tokens}": rows.tokens,
        "in.packed_position_ids": tape.block.positions,
        "in.packed_seqlens": torch.tensor(tape.block.lengths),
        "in.packed_indexes": tape.layout.new,
        "in.packed_key_value_indexes": tape.layout.old,
        "in.key_values_lens": torch.tensor(tape.layout.cached),
    }


def vit_block(tape: Tape, states: Sequence[State[Components]]) -> Tensors:
    layout = image_layout(tape, "packed_vit_token_indexes") | {"packed_sequence": tape.block.embeddings}
    return (
        outcome(tape, states)
        | layout
        | {
            "in.vit_token_seqlens": tape.told("vit", 2),
            "in.packed_vit_tokens": tape.told("vit"),
            "in.packed_vit_position_ids": tape.told("vit", 1),
            "vit_out": tape.heard("vit"),
            "connector_out": tape.heard("connector"),
            "vit_pos": tape.heard("vit_pos_embed"),
            "keep": torch.cat([state.trace.views[-1].kept for state in states]),
        }
    )


def vae_block(tape: Tape, states: Sequence[State[Components]]) -> Tensors:
    layout = image_layout(tape, "packed_vae_token_indexes") | {"packed_sequence": tape.block.embeddings}
    return (
        outcome(tape, states)
        | layout
        | {
            "in.padded_images": tape.told("encoder"),
            "in.packed_vae_position_ids": tape.told("latent_pos_embed"),
            "in.packed_timesteps": torch.tensor([call.args[0] for call in tape.calls["time_embedder"]]),
            "packed_latent": tape.told("vae2llm"),
            "vae2llm_out": tape.heard("vae2llm"),
            "time_embed": tape.heard("time_embedder"),
            "latent_pos": tape.heard("latent_pos_embed"),
        }
    )


def noise_block(tape: Tape) -> Tensors:
    """The denoising block behind the whole conversation."""
    return image_layout(tape, "packed_vae_token_indexes") | {
        "in.packed_init_noises": tape.told("vae2llm"),
        "in.packed_vae_position_ids": tape.told("latent_pos_embed"),
    }


def guiding_block(tape: Tape) -> Tensors:
    """The same block behind a conversation that guides."""
    return {
        "in.cfg_packed_position_ids": tape.block.positions,
        "in.cfg_key_values_lens": torch.tensor(tape.layout.cached),
        "in.cfg_packed_query_indexes": tape.layout.new,
        "in.cfg_packed_key_value_indexes": tape.layout.old,
    }


def decoding(tape: Tape, before: Sequence[State[Components]], ids: Sequence[Sequence[int]]) -> Tensors:
    """Greedy steps from `before`: the official list of ids starts with the start marker and lacks the last id."""
    start = torch.full((len(before),), tape.parts.markers.text_start)
    lengths = [state.length for state in before]
    logits = {f"logits.step{step}": call.output for step, call in enumerate(tape.calls["logits"])}
    return logits | {
        "in.packed_start_tokens": start,
        "in.packed_query_position_ids": torch.tensor([state.rope for state in before]),
        "in.key_values_lens": torch.tensor(lengths),
        "in.packed_key_value_indexes": pack([0] * len(lengths), lengths).old,
        "ids": torch.stack([start, *torch.tensor(ids).T[:-1]]),
    }


def guided_step(tape: Tape) -> Tensors:
    """The velocity behind each conversation of one guided step, and the noisy rows of the first."""
    velocities = tape.heard("llm2vae").split([length - 2 for length in tape.block.lengths])
    parts = dict(zip(("v_cond", "v_cfgtext", "v_cfgimg"), velocities, strict=False))
    return parts | {"packed_sequence": tape.block.embeddings[: tape.block.lengths[0]]}
