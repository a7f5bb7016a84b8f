"""Importance by similarity of value states, which carry no position: the score of IVC-Prune."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.reducers.tokens import QueryValues, VisualTokens


def affinity(queries: Float[Tensor, "q g e"], values: Float[Tensor, "n g e"]) -> Float[Tensor, "q n"]:
    """softmax over tokens of v_t·v_j/√e, mean over heads, in float32."""
    scores = torch.einsum("qge,nge->gqn", queries.float(), values.float()) / values.shape[-1] ** 0.5
    weights: Tensor = scores.softmax(-1).mean(0)
    return weights


def seeds_of(values: QueryValues, share: float) -> Int[Tensor, " s"]:
    """The max(1, round(share·n)) tokens that the query rows resemble most, the best first."""
    mean = affinity(values.queries, values.tokens).mean(0)
    count = max(1, round(share * len(mean)))
    return mean.sort(descending=True, stable=True).indices[:count]


@dataclass(frozen=True)
class ValueSimilarity:
    """s_j = mean over query rows and seeds t of softmax_j(v_t·v_j/√e); seeds are the best tokens by query rows alone.

    Source: IVC-Prune on Qwen2.5-VL (baselines.md section 3.5, steps 1 and 2).
    """

    seeds: float = 0.01
    requires: ClassVar[frozenset[type]] = frozenset({QueryValues})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        values = tokens.read(QueryValues)
        seeds = values.tokens[seeds_of(values, self.seeds)]
        return affinity(torch.cat([values.queries, seeds]), values.tokens).mean(0)
