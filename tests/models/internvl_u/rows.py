"""The guidance rows of the recorded edit."""

from collections.abc import Mapping

import torch
from torch import Tensor

from g2tr.models.internvl_u.decoder import Row
from g2tr.models.internvl_u.flow import Rows
from g2tr.models.internvl_u.positions import KeptGrid

GRID = (4, 4)
SIZE = (6, 8)
EVEN = torch.arange(0, 16, 2)


def recorded_rows(golden: Mapping[str, Tensor]) -> Rows:
    """Both rows with an image have one reference; the empty row has neither."""
    return Rows(*(recorded_row(golden, i, (KeptGrid.full(GRID),) if i < 2 else ()) for i in range(3)))


def recorded_row(golden: Mapping[str, Tensor], i: int, images: tuple[KeptGrid, ...]) -> Row:
    references = (golden["edit.cond_latents"][i],) if i < 2 else ()
    return Row(
        golden[f"edit.di.encoder_hidden_states.{i}"],
        golden[f"edit.di.encoder_image_token_mask.{i}"],
        images,
        references,
    )


def keep(is_image: Tensor, kept: Tensor) -> Tensor:
    """Which conditioning tokens stay where an image loses all but the kept of its tokens."""
    stay = torch.ones_like(is_image)
    stay[is_image] = torch.isin(torch.arange(int(is_image.sum())), kept)
    return stay


def reduced_row(row: Row, images: tuple[KeptGrid, ...], is_image: Tensor | None = None) -> Row:
    """The row without every second image token; `images` and `is_image` say how its positions are made."""
    stay = keep(row.is_image, EVEN)
    mask = row.is_image[stay] if is_image is None else is_image
    return Row(row.states[stay], mask, images, row.references)
