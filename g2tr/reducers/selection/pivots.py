"""Selection of tokens that duplicate none of a few pivots of image and question: the selection of DART."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.importance.key_norm import absolute_sums
from g2tr.reducers.selection.duplication import least_like
from g2tr.reducers.tokens import NormedStates, QueryKeys, VisualTokens


@dataclass(frozen=True)
class Pivots:
    """The `image` best tokens, and for each of them and of `text` rows of the question the tokens least like it.

    Text pivots are the rows of the question with the largest ‖k‖₁; cosines are those of hidden states after the
    model's last norm. A text pivot takes no place; the others are shared out evenly, the first pivots getting one
    more, and pivots come in falling order, those of the image first. Where the official code differs: each pivot takes
    ⌊ρ·n / 8⌋, so that 4 + 8·⌊ρ·n / 8⌋ tokens stay; pivots come in the order of a Python set; every row after the image
    may be a text pivot. With `query=image_end` the marker after the image is the only one; with `query=deferred` keys
    stand for hidden states, which are gone. Raises `InputError` without any pivot.
    Source: DART, EMNLP 2025 (baselines.md section 4.1).
    """

    image: int = 4
    text: int = 4
    requires: ClassVar[frozenset[type]] = frozenset({QueryKeys, NormedStates})

    def __post_init__(self) -> None:
        if self.image < 0 or self.text < 0 or self.image + self.text == 0:
            raise InputError(f"selection.pivots needs pivots, of image or text, got {self.image} and {self.text}")

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        states, asked = tokens.read(NormedStates), absolute_sums(tokens.read(QueryKeys).queries)
        directions, questions = (F.normalize(rows.float(), dim=-1) for rows in (states.tokens, states.queries))
        own = best(scores, min(self.image, k))
        return least_like(directions, own, torch.cat([directions[own], questions[best(asked, self.text)]]), k)


def best(scores: Float[Tensor, " n"], count: int) -> Int[Tensor, " c"]:
    """At most `count` indices in falling order of score, the lower index first."""
    return scores.sort(descending=True, stable=True).indices[:count]
