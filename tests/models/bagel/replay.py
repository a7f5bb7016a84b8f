"""Replays the runs that were recorded from the official code, with ours: key → tensor, as in the recording."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL.Image import Image

from g2tr.models.bagel.context import Context
from g2tr.models.bagel.decode import decode
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import read_texts, read_visual
from g2tr.models.bagel.transforms import preset
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.reducers.tokens import Reduction, VisualTokens
from tests.models.bagel import names
from tests.models.bagel.drawing import NOISE_SEED, SAMPLED, VAE_SEED, flow, sample, seeded
from tests.models.bagel.names import Tensors, named
from tests.models.bagel.tape import Tape, listening


def keep_every(step: int, tokens: VisualTokens) -> Reduction:
    """Every `step`-th token stays; the others leave nothing behind."""
    return Drop()(tokens, torch.arange(0, len(tokens.features), step, device=tokens.features.device))


def understand(
    parts: Components, images: Sequence[Image], prompts: Sequence[str], steps: int, step: int = 1
) -> Tensors:
    """Images, prompts and greedy answers of all samples, packed together."""
    with listening(parts) as tape:
        contexts = [Context.new(tape.parts) for _ in images]
        tokens = [context.see(image, frozenset(), None) for context, image in zip(contexts, images, strict=True)]
        read_visual(contexts, tokens, [keep_every(step, seen) for seen in tokens])
        found = named("vit", names.vit_block(tape, contexts))
        tape.rewind()
        read_texts(contexts, prompts)
        found |= named("text", names.text_block(tape, contexts))
        tape.rewind()
        before = [context.fork() for context in contexts]
        return found | named("gen", names.decoding(tape, before, decode(contexts, steps)))


def edit(parts: Components, image: Image, instruction: str, step: int = 1, system: str = "", plan: str = "") -> Tensors:
    """One edit, block by block; with a system text and a plan where the model thinks first."""
    with listening(parts) as tape:
        full, imageless = Context.new(tape.parts), Context.new(tape.parts)
        found = resized(parts, image)
        if system:
            found |= named("sys", read_text(tape, full, system))
            imageless.read_text(system)
        found |= named("vae", read_latent(tape, full, image)) | named("vit", read_image(tape, full, image, step))
        textless = full.fork()
        found |= named("text", read_text(tape, full, instruction))
        found |= named("cfgimg.text", read_text(tape, imageless, instruction))
        if plan:
            tape.rewind()
            found |= named("thinkgen", names.decoding(tape, [full], decode([full.fork()], 5)))
            found |= named("think_text", read_text(tape, full, plan))
        size = parts.vae_size(image)
        found |= flow(tape, size, full, textless, imageless)
        return found | sample(size, full, textless, imageless)


def resized(parts: Components, image: Image) -> Tensors:
    """The image as the autoencoder sees it."""
    pixels = torch.from_numpy(np.array(parts.preset.vae_image(image)))
    return {"pre_resized_rgb": pixels, "image_shape": torch.tensor(parts.vae_size(image))}


def read_text(tape: Tape, context: Context, text: str) -> Tensors:
    tape.rewind()
    context.read_text(text)
    return names.text_block(tape, [context])


def read_latent(tape: Tape, context: Context, image: Image) -> Tensors:
    tape.rewind()
    posterior = context.read_latent(image, seeded(VAE_SEED))
    vae, codec = context.parts.network.config.vae, context.parts.codec
    return names.vae_block(tape, [context]) | {
        "vae_mean": posterior.mean[None] / vae.scale_factor + vae.shift_factor,
        "vae_logvar": 2 * (posterior.std[None] / vae.scale_factor).log(),
        "padded_latent": posterior.sample(seeded(VAE_SEED))[None],
        "in.patchified_vae_latent_shapes": torch.tensor([codec.to_patches(posterior.mean).shape[:2]]),
    }


def read_image(tape: Tape, context: Context, image: Image, step: int) -> Tensors:
    tape.rewind()
    tokens = context.see(image, frozenset(), None)
    context.read_tokens(tokens, keep_every(step, tokens))
    return names.vit_block(tape, [context])


def end_to_end(parts: Components, image: Image, instruction: str) -> Tensors:
    """An edit by the verbs of a conversation alone."""
    everything = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)
    full, imageless = Context.new(parts), Context.new(parts)
    full.read_image(image, everything, vae=True, generator=seeded(VAE_SEED))
    textless = full.fork()
    full.read_text(instruction)
    imageless.read_text(instruction)
    drawn = full.write_image(parts.vae_size(image), SAMPLED["edit"], textless, imageless, seeded(NOISE_SEED))
    return {"image": torch.from_numpy(np.array(drawn))}


def only(prefix: str, found: Tensors) -> Tensors:
    """What was found under a prefix, without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in found.items() if name.startswith(prefix)}


def replay(parts: Components, a: Image, b: Image, prompt: str, instruction: str) -> Tensors:
    """Every recorded run, on the two recorded images and texts."""
    ids = {"prompt_ids": parts.tokenize(prompt)[1:-1], "instr_ids": parts.tokenize(instruction)[1:-1]}
    rules = parts.preset
    editor = replace(parts, preset=preset("inferencer", rules.vae, rules.vit))
    whole, half = (understand(parts, [a], [prompt], 6, step) for step in (1, 2))
    with torch.inference_mode():
        return (
            named("inputs", {name: torch.tensor(row) for name, row in ids.items()})
            | named("und", whole)
            | named("und_reduced_half", half | only("vit.", half))
            | named("und_reduced_all", whole | only("vit.", whole))
            | named("batch2", understand(parts, [a, b], [prompt, "Why?"], 3))
            | named("edit", edit(editor, a, instruction))
            | named("edit_think", edit(editor, a, instruction, system="Think first.", plan="short plan"))
            | named("edit_reduced_half", edit(editor, a, instruction, step=2))
            | named("edit.inferencer_e2e", end_to_end(editor, a, instruction))
        )
