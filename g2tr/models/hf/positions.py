"""Positions of all columns before the reduction, and of those that stay.

Axes: b rows of the batch, l columns, a axes of a multi-axis rotary embedding.
Source: `_prepare_position_ids_for_generation` and `get_rope_index` of transformers 5.23.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

Positions = Int[Tensor, "b l"] | Int[Tensor, "a b l"]


def full_positions(model: Any, inputs: Mapping[str, Any], image_columns: Bool[Tensor, "b l"]) -> Positions:  # noqa: ANN401
    """The positions that the model itself gives to inputs which are not reduced."""
    index = getattr(model.base_model, "get_rope_index", None)
    if index is None:
        mask: Tensor = inputs["attention_mask"].long()
        return (mask.cumsum(-1) - 1).masked_fill(mask == 0, 0)
    known = {"mm_token_type_ids": image_columns.int()} | dict(inputs)
    accepted = inspect.signature(index).parameters
    positions, _ = index(**{name: value for name, value in known.items() if name in accepted})
    return torch.as_tensor(positions)


def compact(positions: Int[Tensor, "*a l"], attended: Bool[Tensor, " l"]) -> Int[Tensor, "*a l"]:
    """The positions of one row without gaps: each becomes its rank among the values that occur, on all axes together.

    Example: 0 1 4 4 9 becomes 0 1 2 2 3. Order, ties and equal distances between axes stay; columns of padding get 0.
    """
    if not attended.any():
        return positions
    values = positions[..., attended].unique()
    return torch.where(attended, torch.searchsorted(values, positions.contiguous()), 0)
