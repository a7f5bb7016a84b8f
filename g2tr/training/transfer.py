"""Weights of a trained checkpoint as the start of another training: words by their text, tables by their cells."""

import json
from collections.abc import Sequence

import torch
from jaxtyping import Float
from safetensors import safe_open
from torch import Tensor

from g2tr.models.bagel.checkpoint import find_checkpoint
from g2tr.models.bagel.network import BagelNetwork, published_name

WORDS = ("language.embed_tokens.weight", "language.lm_head.weight")
CELLS = "vit.position_embedding.weight"
# They speak the latents of an autoencoder that is trained anew.
LATENTS = ("vae2llm", "llm2vae")


@torch.no_grad()
def transfer(network: BagelNetwork, checkpoint: str, entries: Sequence[str]) -> tuple[int, int]:
    """Copies what fits; says how many weights start from the checkpoint, out of all trained ones.

    `entries` are the texts of the new ids. Weights of another shape keep their start. Raises `InputError` where there
    is no such checkpoint.
    """
    folder = find_checkpoint(checkpoint)
    vocabulary = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    weights = {name: weight for name, weight in network.named_parameters() if not name.startswith(LATENTS)}
    taken = 0
    with safe_open(folder / "ema.safetensors", framework="pt") as stored:
        known = set(stored.keys())
        for name, weight in weights.items():
            key = published_name(name)
            if key in known and copied(name, weight, stored.get_tensor(key).float(), vocabulary, entries):
                taken += 1
    return taken, len(list(network.parameters()))


def copied(
    name: str,
    weight: Float[Tensor, "..."],
    stored: Float[Tensor, "..."],
    vocabulary: dict[str, int],
    entries: Sequence[str],
) -> bool:
    """Whether a stored weight fits, in full or in the rows that both have."""
    if name in WORDS and weight.shape[1:] == stored.shape[1:]:
        pairs = [(i, vocabulary[entry]) for i, entry in enumerate(entries) if entry in vocabulary]
        ours, theirs = (list(ids) for ids in zip(*pairs, strict=True))
        weight[ours] = stored[theirs]
        return True
    if name == CELLS and weight.shape[1:] == stored.shape[1:]:
        new, old = (round(len(table) ** 0.5) for table in (weight, stored))
        side = min(new, old)
        table = weight.view(new, new, -1)
        table[:side, :side] = stored.view(old, old, -1)[:side, :side]
        return True
    if weight.shape != stored.shape:
        return False
    weight.copy_(stored)
    return True
