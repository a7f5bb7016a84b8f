"""Selection by bipartite matching: of two alternate halves, the tokens that have a close match leave, as in ToMe."""

from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.tokens import VisualTokens


@dataclass(frozen=True)
class Bipartite:
    """The tokens with odd places in the row of survivors lose those whose best cosine to an even place is highest.

    A round removes at most half of the survivors; rounds go on until k are left. Scores do not count. With merge
    `nearest` a single round that removes a whole half is ToMe's matching exactly; ToMe would never merge into a
    surviving odd token, and between rounds it compares merged tokens. `chunk` tokens are compared at a time.
    Source: ToMe, ICLR 2023, on the features after the encoder instead of attention keys (baselines.md section 4.5).
    """

    chunk: int = 512
    reads: ClassVar[frozenset[type]] = frozenset()

    def __call__(self, scores: Float[Tensor, " n"], tokens: VisualTokens, k: int) -> Int[Tensor, " k"]:
        directions = F.normalize(tokens.features.float(), dim=-1)
        alive = torch.arange(len(directions), device=directions.device)
        while len(alive) > k:
            stay, leave = alive[::2], alive[1::2]
            matches = [(part @ directions[stay].T).max(dim=-1).values for part in directions[leave].split(self.chunk)]
            order = torch.cat(matches).sort(descending=True, stable=True).indices
            alive = torch.cat([stay, leave[order[len(alive) - k :]]]).sort().values
        return alive
