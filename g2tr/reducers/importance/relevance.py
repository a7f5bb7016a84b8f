"""Importance by likeness to the question: the relevance of CDPruner."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import Question, VisualTokens


@dataclass(frozen=True)
class Relevance:
    """s_i = mean over the t rows of the question of cos(v_i, e_t), in the width of the language model.

    CDPruner compares CLIP's projections of patches and of the text, whose cosines it negates, since CLIP's patches
    are less like what they show (`negated`). Models here have no text tower: visual tokens after the connector are
    compared with the input embeddings of the question. Where the question is not known all tokens are alike,
    and CDPruner's selection is an unconditional DPP. Source: CDPruner, NeurIPS 2025 (baselines.md section 4.7).
    """

    negated: bool = False
    requires: ClassVar[frozenset[type]] = frozenset({Question})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        if not tokens.has(Question):
            return torch.zeros(len(tokens.features), device=tokens.features.device)
        visual, texts = (F.normalize(x.float(), dim=-1) for x in (tokens.features, tokens.read(Question).embeddings))
        cosines = (visual @ texts.T).mean(-1)
        return -cosines if self.negated else cosines
