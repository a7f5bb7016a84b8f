"""Importance by consistency with the generation branch: the score of G²TR."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.tokens import Anchors, VisualTokens


@dataclass(frozen=True)
class Latent:
    """s_i = cos(v_i, a_cell(i)): how well a token agrees with the VAE latent at its place.

    Source: the importance score of G²TR (method.md section 4). `chunk` tokens are scored at a time, so
    that no float32 copy of all features is made.
    """

    chunk: int = 256
    requires: ClassVar[frozenset[type]] = frozenset({Anchors})

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        anchors = tokens.read(Anchors)
        chunks = zip(tokens.features.split(self.chunk), anchors.cells.split(self.chunk), strict=True)
        scores = [F.cosine_similarity(v.float(), anchors.features[cell].float(), dim=-1) for v, cell in chunks]
        return torch.cat(scores)
