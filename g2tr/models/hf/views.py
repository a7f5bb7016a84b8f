"""The images of a batch cut into segments, each with its tokens and evidence, and what a reducer keeps of them.

Axes: n rows of an image, k kept, d width of the language model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.hf.encoder import EncodedImages
from g2tr.models.hf.latents import BorrowedLatents
from g2tr.models.hf.pixels import Pixels, seed_of, segment_pixels
from g2tr.models.hf.segments import Features, Segment, find_segments
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import Grid, LatentGrid, Question, Reduction, VisualTokens


@dataclass(frozen=True, eq=False)
class SegmentReduction:
    """What was kept of one image, or of one tile of it: `grid` is that of `reduction`'s tokens."""

    image: int
    grid: Grid
    reduction: Reduction


@dataclass(frozen=True, eq=False)
class SegmentView:
    """A segment with its tokens, and the (height, width) in pixels of the picture that it was encoded from."""

    segment: Segment
    tokens: VisualTokens
    size: Grid


@dataclass(frozen=True, eq=False)
class ReducedImage:
    """The features that stay of one image, and which of its rows they are."""

    features: Float[Tensor, "k d"]
    kept: Int[Tensor, " k"]
    segments: Sequence[SegmentReduction]


def require_evidence(step: Reducer, latents: BorrowedLatents | None) -> None:
    """Raises `InputError` where a reducer needs evidence that nobody has."""
    missing = step.requires - {Question} - ({LatentGrid} if latents else frozenset())
    if missing:
        names = ", ".join(sorted(kind.__name__ for kind in missing))
        hint = "; latents=load_latents(...) lends an autoencoder" if LatentGrid in missing else ""
        raise InputError(f"{step.name!r} needs {names}, which this model does not give{hint}")


def image_views(
    config: Any,  # noqa: ANN401
    inputs: Mapping[str, Any],
    encoded: EncodedImages,
    requires: frozenset[type],
    latents: BorrowedLatents | None,
    grids: Sequence[Grid] | None = None,
) -> list[list[SegmentView]]:
    """Every image in its segments, each with its tokens and the evidence in `requires`."""
    segments = find_segments(config, inputs, encoded.features, grids)
    pixels = segment_pixels(config, inputs, segments)
    lent = latents if LatentGrid in requires else None
    tower = str(getattr(getattr(config, "vision_config", None), "model_type", config.model_type))

    def view(rows: Features, segment: Segment, own: Pixels) -> SegmentView:
        evidence = (lent(own, tower),) if lent else ()
        size = (own.shape[-2], own.shape[-1])
        return SegmentView(segment, VisualTokens(rows[segment.rows], segment.grid, evidence, seed_of(own)), size)

    return [
        [view(rows, segment, own) for segment, own in zip(segments[i], pixels[i], strict=True)]
        for i, rows in enumerate(encoded.features)
    ]


def with_questions(views: Sequence[Sequence[SegmentView]], questions: Sequence[Question]) -> list[list[SegmentView]]:
    """The segments of each image with the question that is asked about it."""
    return [
        [replace(view, tokens=view.tokens.with_evidence(question)) for view in own]
        for own, question in zip(views, questions, strict=True)
    ]


def reduce_image(image: int, rows: Features, views: Sequence[SegmentView], step: Reducer) -> ReducedImage:
    """One image out of its reduced segments and the rows that belong to none."""
    features, stay = rows.clone(), torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    reductions = [step(view.tokens) for view in views]
    for view, reduction in zip(views, reductions, strict=True):
        stay[view.segment.rows] = False
        own = view.segment.rows[reduction.kept]
        stay[own], features[own] = True, reduction.features
    seen = [SegmentReduction(image, v.segment.grid, r) for v, r in zip(views, reductions, strict=True)]
    kept = stay.nonzero()[:, 0]
    return ReducedImage(features[kept], kept, seen)
