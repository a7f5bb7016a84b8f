"""What BAGEL-7B takes to read an image of 1,024² pixels and a question, and for one step of an edit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import torch
from PIL import Image

from experiments.gpu.clock import Bench
from experiments.gpu.shapes import Shapes, bagel_parts
from g2tr.images import to_pixels
from g2tr.metrics.cost import block_flops, cost_of, vit_flops
from g2tr.models.bagel.context import Context
from g2tr.models.bagel.cost import model_shape
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import velocities
from g2tr.models.bagel.vae import encode_flops
from g2tr.models.engine.attention import attention
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.tokens import LatentGrid, Reduction, VisionAttention, VisualTokens

QUESTION = "What is to be seen in the middle of this picture?".ljust(58, "?")  # 60 rows with its markers
DENSE = "prefill, dense"
Plans = Mapping[str, ReductionPlan]  # by name and ratio, such as "g2tr, 50 %"


@dataclass(frozen=True, eq=False)
class Measured:
    """A model, an image, and where times go."""

    parts: Components
    image: Image.Image
    bench: Bench

    def tokens(self, plan: ReductionPlan) -> VisualTokens:
        """What a plan's first step sees of the image."""
        requires = plan.encoder.required_for(self.parts.vit_grid(self.image))
        tokens = self.parts.encode_vit(self.image, requires, plan.encoder.target_grid)
        if LatentGrid not in requires:
            return tokens
        return tokens.with_evidence(self.parts.latent_grid(self.parts.encode_vae(self.image)))

    def prefill(self, tokens: VisualTokens, reduction: Reduction, plan: ReductionPlan) -> Context:
        """A conversation that has read what is left of the image, and the question."""
        context = Context.new(self.parts)
        context.read_tokens(tokens, reduction, plan)
        context.read_text(QUESTION)
        return context

    def first_token(self, plan: ReductionPlan) -> Context:
        """The same from the image on, its preprocessing on the CPU included."""
        context = Context.new(self.parts)
        context.read_image(self.image, plan)
        context.read_text(QUESTION)
        return context

    def edit(self, plan: ReductionPlan) -> tuple[Context, Context, Context]:
        """The contexts of an edit: all, without its text, without its image."""
        context, imageless = Context.new(self.parts), Context.new(self.parts)
        context.read_image(self.image, plan, vae=True, generator=torch.Generator().manual_seed(0))
        textless = context.fork()
        context.read_text(QUESTION)
        imageless.read_text(QUESTION)
        return context, textless, imageless


def tflops(context: Context, anchors: int = 0, vit: bool = False) -> float:
    """What the closed form counts for all that a conversation has read."""
    shape = model_shape(context.parts.network.config, 2)
    cost = cost_of(context.trace, context.kv_bytes, shape, anchors)
    return (cost.prefill_flops + cost.evidence_flops + cost.anchor_flops + vit * cost.vit_flops) / 1e12


def measure_bagel(shapes: Shapes, plans: Plans, bench: Bench, dtype: torch.dtype) -> None:
    """All of it; `plans` are the reducers to be measured."""
    parts = bagel_parts(shapes, bench.device, dtype)
    noise = torch.randint(256, (shapes.side, shapes.side, 3), generator=torch.Generator().manual_seed(0))
    measured = Measured(parts, Image.fromarray(noise.byte().numpy()), bench)
    bench.try_to("encoders", partial(measure_encoders, measured))
    bench.try_to("dense", partial(measure_dense, measured))
    half = plans["random, 50 %"]
    for backend in ("varlen", "flash"):
        bench.try_to(f"attention {backend}", partial(measure_backend, measured, backend, half))
    bench.try_to("edit", partial(measure_edit, measured, {"dense": KEEP_ALL, "half": half}))
    for name, plan in sorted(plans.items(), key=lambda item: "50" not in item[0]):
        bench.try_to(name, partial(measure_plan, measured, name, plan))


def measure_encoders(measured: Measured) -> None:
    """ViT with and without noting its attention, the VAE pass for anchors, and preprocessing on the CPU."""
    parts, image, bench = measured.parts, measured.image, measured.bench
    count = len(parts.encode_vit(image).features)
    flops = vit_flops(model_shape(parts.network.config, 2), count) / 1e12
    bench.time("image to pixels, CPU", lambda: to_pixels(parts.preset.vit_image(image)))
    bench.time("ViT", lambda: parts.encode_vit(image), tflops=flops)
    bench.time("ViT, attention noted", lambda: parts.encode_vit(image, frozenset({VisionAttention})), tflops=flops)
    anchors = encode_flops(parts.codec, parts.vae_size(image)) / 1e12
    bench.time("anchors: VAE encode, float32", lambda: parts.encode_vae(image), tflops=anchors)


def measure_dense(measured: Measured) -> None:
    """The prefill without reduction, and the way from the image to it."""
    tokens = measured.tokens(KEEP_ALL)
    call = partial(measured.prefill, tokens, KEEP_ALL.encoder(tokens), KEEP_ALL)
    measured.bench.time(DENSE, call, tflops=tflops(call()))
    context = measured.first_token(KEEP_ALL)
    measured.bench.time("first token, dense", lambda: measured.first_token(KEEP_ALL), tflops=tflops(context, vit=True))


def measure_plan(measured: Measured, name: str, plan: ReductionPlan) -> None:
    """A reducer's own time and the prefill that it leaves; at half the tokens from the image on, too."""
    bench, tokens = measured.bench, measured.tokens(plan)
    call = partial(measured.prefill, tokens, plan.encoder(tokens), plan)
    bench.time(f"prefill, {name}", call, tflops=tflops(call()))
    bench.compare(f"prefill, {name}", DENSE)
    if plan.encoder.keep_ratio < 1:
        bench.time(f"reduce, {name}", lambda: plan.encoder(tokens))
        bench.share(f"reduce, {name}", f"prefill, {name}")
    if "50" in name:
        size = measured.parts.vae_size(measured.image)
        context = measured.first_token(plan)
        anchors = encode_flops(measured.parts.codec, size) if context.trace.anchor_encodes else 0
        flops = tflops(context, anchors, vit=True)
        bench.time(f"first token, {name}", lambda: measured.first_token(plan), tflops=flops)
        bench.compare(f"first token, {name}", "first token, dense")


def measure_backend(measured: Measured, backend: str, half: ReductionPlan) -> None:
    """ViT and prefill by another attention."""
    parts = measured.parts
    attend = attention(backend, parts.device, parts.network.weight.dtype)
    other = replace(measured, parts=replace(parts, attend=attend))
    measured.bench.time(f"ViT, {backend}", lambda: other.parts.encode_vit(measured.image))
    for name, plan in (("dense", KEEP_ALL), ("random, 50 %", half)):
        tokens = other.tokens(plan)
        call = partial(other.prefill, tokens, plan.encoder(tokens), plan)
        measured.bench.time(f"prefill, {name}, {backend}", call, tflops=tflops(call()))
    measured.bench.compare(f"prefill, random, 50 %, {backend}", f"prefill, dense, {backend}")


def measure_edit(measured: Measured, plans: Plans) -> None:
    """One denoising step in each context of an edit and in all three at once, dense and with half the ViT tokens."""
    parts, bench = measured.parts, measured.bench
    for name, plan in plans.items():
        full, textless, imageless = measured.edit(plan)
        grid = full.patch_grid(parts.vae_size(measured.image))
        noise = torch.randn(*grid, 64, generator=torch.Generator().manual_seed(0)).to(parts.device)
        groups = {
            "whole context": [full],
            "without text": [textless],
            "without image": [imageless],
            "all three": [full, textless, imageless],
        }
        for group, contexts in groups.items():
            what, step = f"step, {group}, {name}", step_of(contexts, noise)
            bench.time(what, step, tflops=step_flops(contexts, grid[0] * grid[1] + 2))
            if name != "dense":
                bench.compare(what, f"step, {group}, dense")


def step_of(contexts: list[Context], noise: torch.Tensor) -> Callable[[], object]:
    """One evaluation of the velocity."""
    return lambda: velocities(contexts, noise, 0.5)


def step_flops(contexts: list[Context], rows: int) -> float:
    """What the closed form counts for it."""
    language = model_shape(contexts[0].parts.network.config, 2).language
    return sum(block_flops(language, rows, context.length) for context in contexts) / 1e12
