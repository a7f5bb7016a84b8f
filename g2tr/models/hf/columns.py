"""The columns of a batch that stay, padded on the left where rows end up unequally long.

Axes: b rows of the batch, l columns before, c after, v image columns of all rows.
"""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from g2tr.errors import InputError

IGNORED_LABEL = -100


def image_columns(config: Any, ids: Int[Tensor, "b l"], count: int) -> Bool[Tensor, "b l"]:  # noqa: ANN401
    """Where the image tokens stand. Raises `InputError` where they are not as many as the encoded ones."""
    token = getattr(config, "image_token_id", getattr(config, "image_token_index", None))
    if token is None:
        raise InputError(f"{type(config).__name__} names no image token (image_token_id)")
    found = ids == int(token)
    if int(found.sum()) != count:
        raise InputError(f"the inputs hold {int(found.sum())} image tokens, but the model encoded {count} features")
    return found


def kept_columns(images: Bool[Tensor, "b l"], kept: Bool[Tensor, " v"]) -> Bool[Tensor, "b l"]:
    """All columns but those of dropped image tokens, which follow the encoder's order row by row."""
    stay = torch.ones_like(images)
    stay[images] = kept.to(images.device)
    return stay


def cut_columns(inputs: Mapping[str, Any], stay: Bool[Tensor, "b l"], pad_token: int) -> dict[str, Any]:
    """Every tensor with one value a column, cut and padded; everything else as it was."""
    pads = {"input_ids": pad_token, "labels": IGNORED_LABEL}
    return {
        name: cut(value, stay, pads.get(name, 0)) if has_columns(value, stay) else value
        for name, value in inputs.items()
    }


def has_columns(value: Any, stay: Bool[Tensor, "b l"]) -> bool:  # noqa: ANN401
    """Whether a value has one number for each column of each row, on one axis or several."""
    return isinstance(value, Tensor) and value.shape[-2:] == stay.shape and value.ndim in (2, 3)


def cut(values: Int[Tensor, "*a b l"], stay: Bool[Tensor, "b l"], pad: int) -> Int[Tensor, "*a b c"]:
    """The columns that stay, rows padded on the left.

    Example: [[1, 2, 3], [4, 5, 6]] with the 2 dropped becomes [[pad, 1, 3], [4, 5, 6]] less nothing: width 3 stays.
    """
    width = int(stay.sum(1).max())
    shorter = values.new_full((*values.shape[:-1], width), pad)
    for row, own in enumerate(stay):
        count = int(own.sum())
        shorter[..., row, width - count :] = values[..., row, :][..., own]
    return shorter
