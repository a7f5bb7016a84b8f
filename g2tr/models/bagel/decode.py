"""Autoregressive text, for one or several contexts at once.

Source: `generate_text` of the official code; models-bagel.md section 7.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.bagel.prefill import State, read_ids


def decode(
    states: Sequence[State],
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Up to `max_tokens` new ids per state, greedy at temperature 0, without start and end markers.

    The states grow by the start marker and all ids but the last one; a state stops at its end marker.
    """
    if max_tokens < 1:
        raise InputError(f"max_tokens must be at least 1, got {max_tokens}")
    markers = states[0].parts.markers
    texts: list[list[int]] = [[] for _ in states]
    active = dict(enumerate(states))
    while active:
        last = [texts[i][-1] if texts[i] else markers.text_start for i in active]
        ids = choose(next_logits(list(active.values()), last), temperature, generator)
        for index, token in zip(list(active), ids.tolist(), strict=True):
            if token == markers.text_end:
                del active[index]
            else:
                texts[index].append(token)
        active = {index: state for index, state in active.items() if len(texts[index]) < max_tokens}
    return texts


def next_logits(states: Sequence[State], last: Sequence[int]) -> Float[Tensor, "s v"]:
    """Reads one id per state and returns the logits of the next."""
    hidden = read_ids(states, [[token] for token in last])
    logits: Tensor = states[0].parts.network.language.lm_head(hidden)
    return logits


def choose(logits: Float[Tensor, "s v"], temperature: float, generator: torch.Generator | None) -> Int[Tensor, " s"]:
    """The most likely id of each row, or one drawn on the CPU from the tempered distribution."""
    if temperature <= 0:
        return logits.argmax(-1)
    odds = torch.softmax(logits.float() / temperature, dim=-1).cpu()
    return torch.multinomial(odds, 1, generator=generator)[:, 0]


def close(states: Sequence[State], texts: Sequence[Sequence[int]], max_tokens: int) -> None:
    """Ends decoded text blocks so that the conversation can go on; an id at the limit has not been read yet."""
    end = states[0].parts.markers.text_end
    read_ids(states, [[*(text[-1:] if len(text) == max_tokens else []), end] for text in texts])
