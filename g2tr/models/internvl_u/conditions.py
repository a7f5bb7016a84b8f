"""What the generation decoder reads of a conversation: hidden states of its passages, reduced as the images were.

Source: `_prepare_diffusion_inputs` of the official code; models-internvl-u.md sections 4 and 5.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from g2tr.models.internvl_u.codec import Posterior
from g2tr.models.internvl_u.decoder import Row
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.positions import KeptGrid


@dataclass(frozen=True, eq=False)
class Passage:
    """Rows that a conversation read; for an image between its markers, the tokens that they are, else none."""

    hidden: Hidden
    kept: tuple[Int[Tensor, " k"], ...] = ()

    def without(self, image: KeptGrid) -> tuple[Hidden, Bool[Tensor, " t"]]:
        """The rows of an image that no later step dropped, and which of them are tokens."""
        stays = torch.isin(self.kept[0], image.kept)
        rows = torch.nn.functional.pad(stays, (1, 1), value=True).to(self.hidden.last.device)
        tokens = torch.nn.functional.pad(torch.ones(int(stays.sum()), dtype=torch.bool), (1, 1))
        return Hidden(self.hidden.last[rows], self.hidden.before[rows]), tokens


def row_of(passages: Sequence[Passage], images: Sequence[KeptGrid] = (), references: Sequence[Posterior] = ()) -> Row:
    """A guidance row: its passages, with what is left of each image, and the clean latents beside them."""
    states, masks, pending = [], [], iter(images)
    for passage in passages:
        hidden, mask = passage.hidden, torch.zeros(len(passage.hidden.last), dtype=torch.bool)
        if passage.kept:
            hidden, mask = passage.without(next(pending))
        states.append(hidden.both)
        masks.append(mask)
    latents = tuple(posterior.mean for posterior in references)
    return Row(torch.cat(states), torch.cat(masks), tuple(images), latents)
