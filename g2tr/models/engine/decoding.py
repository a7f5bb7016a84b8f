"""Autoregressive text, for one or several contexts at once."""

from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.engine.finite import require_finite

StateT = TypeVar("StateT")
Read = Callable[[Sequence[StateT], Sequence[int]], Float[Tensor, "s v"]]


def continue_texts(
    states: Sequence[StateT],
    logits: Float[Tensor, "s v"],
    read: Read[StateT],
    ends: Collection[int],
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[list[int]]:
    """Up to `max_tokens` new ids per state, greedy at temperature 0; a state stops before an id in `ends`.

    `logits` are those of the first ids; `read` adds one id to each state and returns the logits of the next.
    """
    texts: list[list[int]] = [[] for _ in states]
    active = dict(enumerate(states))
    while active:
        require_finite(logits, "the logits", f"of token {max(map(len, texts)) + 1}")
        ids = choose(logits, temperature, generator)
        for index, token in zip(list(active), ids.tolist(), strict=True):
            if token in ends:
                del active[index]
            else:
                texts[index].append(token)
        active = {index: state for index, state in active.items() if len(texts[index]) < max_tokens}
        if active:
            logits = read(list(active.values()), [texts[index][-1] for index in active])
    return texts


def choose(logits: Float[Tensor, "s v"], temperature: float, generator: torch.Generator | None) -> Int[Tensor, " s"]:
    """The most likely id of each row, or one drawn on the CPU from the tempered distribution."""
    if temperature <= 0:
        return logits.argmax(-1)
    odds = torch.softmax(logits.float() / temperature, dim=-1).cpu()
    return torch.multinomial(odds, 1, generator=generator)[:, 0]


def require_room(max_tokens: int) -> None:
    """Raises `InputError` where no token may be written."""
    if type(max_tokens) is not int or max_tokens < 1:
        raise InputError(f"max_tokens must be a whole number of at least 1, got {max_tokens!r}")
