"""The recorded conversations, held with the recorded tile instead of an image."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from PIL import Image
from torch import Tensor

from g2tr.models.internvl_u.codec import Posterior
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.parts import Components
from g2tr.models.internvl_u.prompt import system_turn, user_pieces
from g2tr.models.internvl_u.vision import see
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.grid_maps import whole
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.tokens import Grid, Reduction, VisualTokens

BLANK = Image.new("RGB", (8, 8))


@dataclass(frozen=True, eq=False)
class RecordedParts(Components):
    """The same parts, which see the recorded pixels in every image."""

    tile_pixels: Tensor = field(default_factory=lambda: torch.empty(0))
    reference_pixels: Tensor = field(default_factory=lambda: torch.empty(0))

    def encode_vit(
        self,
        image: Image.Image,
        requires: frozenset[type] = frozenset(),
        target_grid: Callable[[Grid], Grid] = whole,
    ) -> VisualTokens:
        features, _ = see(self.network, self.tile_pixels.to(self.device))
        return VisualTokens(features, (4, 4))

    def encode_reference(self, image: Image.Image) -> Posterior:
        return self.codec.encode(self.reference_pixels)


def recorded_context(model: InternVLU, golden: dict[str, Tensor]) -> Context:
    """An empty conversation in which every image is the recorded one."""
    pixels = (golden[name][0] for name in ("pixel_values", "pixel_values_gen"))
    return Context.new(RecordedParts(**{**vars(model.parts)}, **dict(zip(PIXELS, pixels, strict=True))))


PIXELS = ("tile_pixels", "reference_pixels")


@torch.inference_mode()
def understand(context: Context, reduction: Reduction | None = None, plan: ReductionPlan = KEEP_ALL) -> list[Hidden]:
    """The recorded question about the recorded image; the rows of every passage."""
    opening, _, question = user_pieces("what is it", 1)
    tokens = context.see(BLANK, frozenset())
    rows = [context.read_text(system_turn("S.")), context.read_text(str(opening))]
    rows.append(context.read_tokens(tokens, reduction or KEEP_ALL(tokens), plan))
    return [*rows, context.ask(str(question))[0]]


def keep(tokens: VisualTokens, kept: Tensor) -> Reduction:
    """The named tokens stay; the others leave nothing behind."""
    return Drop()(tokens, kept.to(tokens.features.device, torch.long))
