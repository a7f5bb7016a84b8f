"""Greedy answers by a transformers model's own `generate`: the time to the first token, and the size of the cache."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor

from g2tr.models.engine.clock import PhaseTimer, now
from g2tr.models.hf.reduce import pad_token


def write_answer(
    network: Any,  # noqa: ANN401 - a model of transformers
    inputs: Mapping[str, Any],
    max_tokens: int,
    clock: PhaseTimer,
) -> tuple[Int[Tensor, " t"], int]:
    """The new ids of one row, and the bytes that its prefill took in the cache; times both phases."""
    first, start = FirstToken(), now()
    made = network.generate(
        **inputs,
        max_new_tokens=max_tokens,
        do_sample=False,
        num_beams=1,
        return_dict_in_generate=True,
        stopping_criteria=[first],
        pad_token_id=pad_token(network),
    )
    for phase, spent in (("prefill", first.time - start), ("decode", now() - first.time)):
        clock.seconds[phase] = clock.seconds.get(phase, 0.0) + spent
    rows = inputs["input_ids"].shape[1]
    return made.sequences[0, rows:], cached_bytes(made.past_key_values, rows)


class FirstToken:
    """When the first token was chosen: a stopping criterion for `generate` that never stops."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self, ids: Tensor, scores: object, **_: object) -> Tensor:
        self.time = self.time or now()
        return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)


def cached_bytes(cache: Any, rows: int) -> int:  # noqa: ANN401 - a cache of transformers
    """The bytes that the first `rows` rows take, measured on the tensors of a cache that has grown since."""
    sizes = [(layer.keys.nbytes + layer.values.nbytes, layer.keys.shape[-2]) for layer in cache.layers]
    return sum(size // length * min(rows, length) for size, length in sizes)
