"""Any vision-language model of transformers as a model of the contract: answers, with any reducer after its encoder."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NoReturn, TypeVar

import torch
from PIL.Image import Image
from torch import Tensor

from g2tr.errors import InputError
from g2tr.models.base import Outcome
from g2tr.models.calls import Picture, Pictures, own_rules, read_image, read_images, read_plan, read_prompts
from g2tr.models.engine.clock import PhaseTimer
from g2tr.models.engine.decoding import require_room
from g2tr.models.engine.trace import Trace, View
from g2tr.models.hf.cost import counted_flops, model_shape
from g2tr.models.hf.encoder import EncodedImages, encode_images
from g2tr.models.hf.latents import BorrowedLatents
from g2tr.models.hf.processor import read_prompt
from g2tr.models.hf.reduce import encoder_step, questions_of, shorten, warn_of_sizes, with_mask
from g2tr.models.hf.views import ReducedImage, SegmentView, image_views, reduce_image, require_evidence, with_questions
from g2tr.models.hf.write import write_answer
from g2tr.models.shapes import ModelShape
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.tokens import Grid, LatentGrid, Question, Reduction, VisualTokens

Shown = TypeVar("Shown")
OVERVIEW_LAST = ("internvl", "smolvlm", "idefics3")


@dataclass(frozen=True, eq=False)
class HFModel:
    """A loaded model of transformers with its processor. Questions about the same images share the encoder's pass.

    `positions`, `latents`: as of `reduce_inputs`. `image_options` go to the processor. Answers are greedy, by the
    model's own `generate`. FLOPs of the encoder are those that torch counts in a pass of their own, made once for each
    size of images. Raises `InputError` for edits, and for reducers that act inside the language model.
    """

    name: str
    network: Any
    processor: Any
    settings: Mapping[str, object]
    positions: str = "original"
    latents: BorrowedLatents | None = None
    image_options: Mapping[str, Any] = field(default_factory=dict)
    encoder_flops: dict[tuple[object, ...], int] = field(default_factory=dict)
    native_query: ClassVar[str] = "joint"

    @cached_property
    def shape(self) -> ModelShape:
        """Sizes that decide the cost of a prefill."""
        return model_shape(self.network.config, self.network.dtype.itemsize)

    def vae_flops(self, size: Grid) -> int:
        """FLOPs of one pass of the borrowed autoencoder over (height, width) pixels."""
        return self.latents.flops(size) if self.latents else 0

    def require_able(self, plan: ReductionPlan, tasks: Collection[str]) -> None:
        """Raises `InputError` for what this model cannot do, before anything is predicted."""
        if "edit" in tasks:
            self.refuse_edits()
        step = encoder_step(plan)
        require_evidence(step, self.latents)
        warn_of_sizes(step)

    @own_rules()
    def encode(self, image: Picture, requires: frozenset[type] = frozenset()) -> VisualTokens:
        """Visual tokens of an image, of tiles those of the overview, with the evidence in `requires`."""
        inputs = self.read([read_image(image)], "?")
        encoded = encode_images(self.network, inputs)
        views = image_views(self.network.config, inputs, encoded, requires, self.latents)
        return self.ordered([view for own in views for view in own], 1)[0].tokens

    def answer(self, images: Pictures, prompt: str, reducer: ReductionPlan | None = None, max_tokens: int = 100) -> str:
        """The greedy answer to a prompt about images."""
        return self.answers(images, [prompt], reducer, max_tokens)[0].output

    @own_rules()
    def answers(
        self,
        images: Pictures,
        prompts: str | Sequence[str],
        reducer: ReductionPlan | None = None,
        max_tokens: int = 100,
    ) -> list[Outcome[str]]:
        """Greedy answers to several prompts about the same images, which are encoded once."""
        images, prompts, step = read_images(images), read_prompts(prompts), encoder_step(read_plan(reducer))
        require_room(max_tokens)
        if not images:
            raise InputError("a question needs at least one image")
        require_evidence(step, self.latents)
        clock, inputs = PhaseTimer(), [self.read(images, prompt) for prompt in prompts]
        with clock.phase("encode"):
            encoded = encode_images(self.network, inputs[0])
        with clock.phase("anchors" if LatentGrid in step.requires else "reduce"):
            views = self.views(inputs[0], encoded, step)
        with clock.phase("reduce"):
            reduced = self.reduced(inputs, encoded, views, step)
        traces = [self.trace(inputs[0], encoded, views, own, step, len(images)) for own in reduced]
        written = [self.write(each, encoded, own, max_tokens, clock) for each, own in zip(inputs, reduced, strict=True)]
        seconds = {phase: spent / len(prompts) for phase, spent in clock.seconds.items()}
        layers = self.shape.language.layers
        return [
            Outcome(text, trace.block([rows] * layers, [0] * layers, each["input_ids"].shape[1]), kv, seconds)
            for each, trace, (text, rows, kv) in zip(inputs, traces, written, strict=True)
        ]

    def reduced(
        self,
        inputs: Sequence[Mapping[str, Any]],
        encoded: EncodedImages,
        views: Sequence[Sequence[SegmentView]],
        step: Reducer,
    ) -> list[list[ReducedImage]]:
        """What stays of the images for each question: the same for all, unless the reducer reads the question."""
        if Question not in step.requires:
            return [[reduce_image(i, rows, views[i], step) for i, rows in enumerate(encoded.features)]] * len(inputs)
        asked = [with_questions(views, questions_of(self.network, each, encoded)) for each in inputs]
        return [[reduce_image(i, rows, own[i], step) for i, rows in enumerate(encoded.features)] for own in asked]

    def edit(
        self, images: Pictures, instruction: str, reducer: ReductionPlan | None = None, seed: int = 0
    ) -> Outcome[Image]:
        """Raises `InputError`: the models of this kind draw nothing."""
        self.refuse_edits()

    def refuse_edits(self) -> NoReturn:
        """Says in one line that this model does not edit."""
        raise InputError(f"{self.name} answers questions and cannot edit images: choose benchmarks of questions")

    def read(self, images: Sequence[Image], prompt: str) -> dict[str, Any]:
        """The inputs of one question."""
        device, dtype = self.network.device, self.network.dtype
        return with_mask(read_prompt(self.processor, images, prompt, self.image_options, device, dtype))

    def views(self, inputs: Mapping[str, Any], encoded: EncodedImages, step: Reducer) -> list[list[SegmentView]]:
        """The images in segments; none where their grids are not known and nothing is reduced."""
        try:
            return image_views(self.network.config, inputs, encoded, step.requires, self.latents)
        except InputError:
            if step.keep_ratio < 1:
                raise
            return [[] for _ in encoded.features]

    def write(
        self,
        inputs: Mapping[str, Any],
        encoded: EncodedImages,
        reduced: Sequence[ReducedImage],
        max_tokens: int,
        clock: PhaseTimer,
    ) -> tuple[str, int, int]:
        """The answer, the rows that were prefilled for it, and the bytes that they take in the cache."""
        with clock.phase("reduce"):
            shorter = shorten(self.network, inputs, encoded, reduced, self.positions)
        ids, kv_bytes = write_answer(self.network, shorter, max_tokens, clock)
        text = str(self.processor.decode(ids, skip_special_tokens=True)).strip()
        return text, shorter["input_ids"].shape[1], kv_bytes

    def trace(
        self,
        inputs: Mapping[str, Any],
        encoded: EncodedImages,
        views: Sequence[Sequence[SegmentView]],
        reduced: Sequence[ReducedImage],
        step: Reducer,
        images: int,
    ) -> Trace:
        """What was read before the prefill: a view for each segment, and the passes of encoder and autoencoder."""
        layers = self.shape.language.layers
        trace = Trace(encoder_flops=self.flops_of(inputs, encoded))
        seen = [
            View.of(view.tokens, segment.reduction, layers)
            for own, done in zip(views, reduced, strict=True)
            for view, segment in zip(own, done.segments, strict=True)
        ]
        whole = [row_of(rows, layers) for rows, own in zip(encoded.features, views, strict=True) if not own]
        for view in self.ordered([*seen, *whole], images):
            trace = trace.view(view)
        if LatentGrid in step.requires and self.latents:
            for size in [view.size for own in views for view in own]:
                trace = trace.anchor_encode(self.latents.encoded_size(size))
        return trace

    def ordered(self, views: list[Shown], images: int) -> list[Shown]:
        """The views with the one that shows the whole image first, where there is one image."""
        last = self.network.config.model_type in OVERVIEW_LAST and images == 1
        return [*views[-1:], *views[:-1]] if last else views

    def flops_of(self, inputs: Mapping[str, Any], encoded: EncodedImages) -> int:
        """FLOPs of the encoder's pass; equal for inputs of equal sizes, so each size is counted once."""
        sizes = [tuple(inputs[name].shape) for name in sorted(encoded.consumed) if isinstance(inputs[name], Tensor)]
        grids = inputs.get("image_grid_thw")
        key = (*sizes, *map(len, encoded.features), str(grids.tolist() if isinstance(grids, Tensor) else None))
        if key not in self.encoder_flops:
            self.encoder_flops[key] = counted_flops(lambda: encode_images(self.network, inputs))
        return self.encoder_flops[key]


def row_of(rows: Tensor, layers: int) -> View:
    """An image whose grid is not known: its tokens in one row, all kept."""
    everyone = torch.arange(len(rows))
    tokens = VisualTokens(rows, (1, len(rows)), (), 0)
    return View.of(tokens, Reduction(rows, everyone, everyone), layers)
