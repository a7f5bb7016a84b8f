"""`reduce_inputs`: the inputs of a transformers model with fewer visual tokens, without a hook or a patch.

The model encodes its images, the reducer keeps some tokens of each, and `generate` gets the rest: shorter ids and the
encoder's outputs under `mm_encoder_outputs`.
"""

import warnings
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any, Literal, overload

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.hf.columns import cut_columns, image_columns, kept_columns
from g2tr.models.hf.encoder import EncodedImages, encode_images
from g2tr.models.hf.latents import BorrowedLatents
from g2tr.models.hf.positions import compact, full_positions
from g2tr.models.hf.views import (
    ReducedImage,
    SegmentReduction,
    image_views,
    reduce_image,
    require_evidence,
    with_questions,
)
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import Grid, Question

POSITIONS = ("original", "compact")


@overload
def reduce_inputs(
    model: Any,  # noqa: ANN401
    inputs: Mapping[str, Any],
    reducer: ReductionPlan | None = None,
    *,
    positions: str = "original",
    latents: BorrowedLatents | None = None,
    grids: Sequence[Grid] | None = None,
    return_reductions: Literal[False] = False,
) -> dict[str, Any]: ...


@overload
def reduce_inputs(
    model: Any,  # noqa: ANN401
    inputs: Mapping[str, Any],
    reducer: ReductionPlan | None = None,
    *,
    positions: str = "original",
    latents: BorrowedLatents | None = None,
    grids: Sequence[Grid] | None = None,
    return_reductions: Literal[True],
) -> tuple[dict[str, Any], list[SegmentReduction]]: ...


@torch.no_grad()
def reduce_inputs(
    model: Any,
    inputs: Mapping[str, Any],
    reducer: ReductionPlan | None = None,
    *,
    positions: str = "original",
    latents: BorrowedLatents | None = None,
    grids: Sequence[Grid] | None = None,
    return_reductions: bool = False,
) -> dict[str, Any] | tuple[dict[str, Any], list[SegmentReduction]]:
    """A processor's output for `model.generate`, with the visual tokens that `reducer` keeps.

    `positions`: kept tokens and the text behind them stay where they were (`original`), or close the gaps (`compact`).
    `latents` lends an autoencoder to reducers that read latents. `grids` gives (height, width) of each image in
    tokens where the model's family is not known. With `return_reductions` also what was kept of each image and tile.

    Raises `InputError` for a model that takes no encoder outputs, for inputs that do not fit it, and for a reducer
    that acts inside the language model or needs evidence that is not there.
    """
    step = encoder_step(reducer)
    warn_of_sizes(step)
    require_positions(positions)
    require_evidence(step, latents)
    inputs = with_mask(inputs)
    encoded = encode_images(model, inputs)
    image_columns(model.config, inputs["input_ids"], sum(map(len, encoded.features)))
    views = image_views(model.config, inputs, encoded, step.requires, latents, grids) if step.keep_ratio < 1 else None
    if views and Question in step.requires:
        views = with_questions(views, questions_of(model, inputs, encoded))
    reduced = [reduce_image(i, rows, views[i] if views else (), step) for i, rows in enumerate(encoded.features)]
    shorter = shorten(model, inputs, encoded, reduced, positions)
    return (shorter, [segment for own in reduced for segment in own.segments]) if return_reductions else shorter


def require_positions(positions: str) -> None:
    """Raises `InputError` for what is no rule of positions."""
    if positions not in POSITIONS:
        raise InputError(f"positions must be one of {', '.join(POSITIONS)}, got {positions!r}")


def encoder_step(reducer: ReductionPlan | None) -> Reducer:
    """The reducer to run after the encoder. Raises `InputError` where there is more to it."""
    step = KEEP_ALL if reducer is None else reducer.encoder
    inner = getattr(reducer, "ordered", ())
    if any(each.at.layer > 0 for each in inner):
        raise InputError(
            f"{getattr(reducer, 'name', reducer)!r} acts inside the language model; reduce_inputs acts before"
        )
    if step.downsample:
        raise InputError(
            f"{step.name!r} makes the vision tower see a smaller image: hand a smaller one to the processor"
        )
    return step


def warn_of_sizes(step: Reducer) -> None:
    """Warns where a reducer would have the language model know how many tokens each kept one stands for."""
    if step.size_alpha:
        said = f"size_alpha={step.size_alpha} of {step.name!r} is left out: generate takes no bias"
        warnings.warn(said, stacklevel=2)


def with_mask(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as a dictionary with an attention mask. Raises `InputError` without ids."""
    if not isinstance(inputs.get("input_ids"), Tensor) or inputs["input_ids"].ndim != 2:
        raise InputError(
            'the inputs hold no input_ids of shape (rows, columns): call the processor with return_tensors="pt"'
        )
    mask = inputs.get("attention_mask")
    return {**inputs, "attention_mask": torch.ones_like(inputs["input_ids"]) if mask is None else mask}


def shorten(
    model: Any,  # noqa: ANN401
    inputs: Mapping[str, Any],
    encoded: EncodedImages,
    reduced: Sequence[ReducedImage],
    positions: str,
) -> dict[str, Any]:
    """The inputs without the columns of dropped tokens, and the encoder's outputs without their features."""
    where = image_columns(model.config, inputs["input_ids"], sum(map(len, encoded.features)))
    stay = kept_columns(
        where, torch.cat([mask_of(own.kept, len(rows)) for own, rows in zip(reduced, encoded.features, strict=True)])
    )
    columns = {name: value for name, value in inputs.items() if name not in encoded.consumed}
    columns["position_ids"] = full_positions(model, inputs, where)
    shorter = cut_columns(columns, stay, pad_token(model))
    if positions == "compact":
        shorter["position_ids"] = compact_rows(shorter["position_ids"], shorter["attention_mask"].bool())
    features, kept = [own.features for own in reduced], [own.kept for own in reduced]
    shorter["mm_encoder_outputs"] = {"image": encoded.keeping(features, kept)}
    return shorter


def questions_of(model: Any, inputs: Mapping[str, Any], encoded: EncodedImages) -> list[Question]:  # noqa: ANN401
    """For each image the embeddings of all text of its row, the template's included."""
    where = image_columns(model.config, inputs["input_ids"], sum(map(len, encoded.features)))
    rows, firsts = where.nonzero()[:, 0], [0, *accumulate(map(len, encoded.features))][:-1]
    texts = [(row := int(rows[first]), ~where[row] & inputs["attention_mask"][row].bool()) for first in firsts]
    return [Question(model.get_input_embeddings()(inputs["input_ids"][row][text])) for row, text in texts]


def mask_of(kept: Int[Tensor, " k"], count: int) -> Bool[Tensor, " n"]:
    """True for the kept of `count` rows."""
    mask = torch.zeros(count, dtype=torch.bool, device=kept.device)
    mask[kept] = True
    return mask


def compact_rows(positions: Tensor, attended: Bool[Tensor, "b c"]) -> Tensor:
    """Every row's positions without gaps."""
    return torch.stack([compact(positions[..., i, :], own) for i, own in enumerate(attended)], dim=-2)


def pad_token(model: Any) -> int:  # noqa: ANN401
    """The id that fills rows; what it is does not matter, since it is masked."""
    for config in (getattr(model, "generation_config", None), model.config, model.config.get_text_config()):
        token = getattr(config, "pad_token_id", None)
        if isinstance(token, int):
            return token
    return 0
