"""Autoregressive text, for one or several contexts at once.

Source: `generate_text` of the official code; models-bagel.md section 7.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import read_ids
from g2tr.models.engine.context import State
from g2tr.models.engine.decoding import continue_texts, require_room


def decode(
    states: Sequence[State[Components]],
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Up to `max_tokens` new ids per state, greedy at temperature 0, without start and end markers.

    The states grow by the start marker and all ids but the last one; a state stops at its end marker.
    """
    require_room(max_tokens)
    markers = states[0].parts.markers
    first = next_logits(states, [markers.text_start] * len(states))
    return continue_texts(states, first, next_logits, [markers.text_end], max_tokens, temperature, generator)


def next_logits(states: Sequence[State[Components]], last: Sequence[int]) -> Float[Tensor, "s v"]:
    """Reads one id per state and returns the logits of the next."""
    hidden = read_ids(states, [[token] for token in last])
    logits: Tensor = states[0].parts.network.language.lm_head(hidden)
    return logits


def close(states: Sequence[State[Components]], texts: Sequence[Sequence[int]], max_tokens: int) -> None:
    """Ends decoded text blocks so that the conversation can go on; an id at the limit has not been read yet."""
    end = states[0].parts.markers.text_end
    read_ids(states, [[*(text[-1:] if len(text) == max_tokens else []), end] for text in texts])
