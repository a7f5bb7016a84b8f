"""BAGEL as a model of the contract: answers, edits and generates, with any reducer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.context import Context
from g2tr.models.bagel.cost import model_shape
from g2tr.models.bagel.decode import decode
from g2tr.models.bagel.flow import Sampling
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import read_texts
from g2tr.models.bagel.thinking import Thinking
from g2tr.models.bagel.vae import encode_flops
from g2tr.models.base import Outcome
from g2tr.models.calls import (
    Picture,
    Pictures,
    edit_size,
    own_rules,
    read_image,
    read_images,
    read_plan,
    read_prompts,
    seeded,
)
from g2tr.models.engine.clock import PhaseTimer
from g2tr.models.engine.decoding import require_room
from g2tr.models.shapes import ModelShape
from g2tr.reducers.cascade import ReductionPlan, query_on
from g2tr.reducers.tokens import Grid, LatentGrid, Question, VisualTokens


@dataclass(frozen=True, eq=False)
class Bagel:
    """A loaded BAGEL. All randomness of a call comes from its seed, drawn on the CPU."""

    name: str
    parts: Components
    settings: Mapping[str, object]
    sampling: Sampling = field(default_factory=Sampling)
    thinking: Thinking | None = None
    size: str = "last"

    @property
    def shape(self) -> ModelShape:
        """Sizes that decide the cost of a prefill."""
        network = self.parts.network
        return model_shape(network.config, network.weight.element_size())

    def vae_flops(self, size: Grid) -> int:
        """FLOPs of one VAE encode of an image of (height, width) pixels."""
        return encode_flops(self.parts.codec, size)

    def context(self) -> Context:
        """A new, empty conversation."""
        return Context.new(self.parts)

    @own_rules()
    def encode(self, image: Picture, requires: frozenset[type] = frozenset()) -> VisualTokens:
        """Visual tokens of an image with the evidence in `requires`."""
        image = read_image(image)
        tokens = self.parts.encode_vit(image, requires)
        if LatentGrid not in requires:
            return tokens
        return tokens.with_evidence(self.parts.latent_grid(self.parts.encode_vae(image)))

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
        """Greedy answers to several prompts about the same images, which are prefilled once.

        Images are PIL images or paths; without a reducer every token stays. A plan that reads the question before
        the image prefills both once per prompt. A model that thinks writes reasoning and answer within the limit of
        its thinking, as officially, and not within `max_tokens`.
        """
        images, prompts, plan = (
            read_images(images),
            read_prompts(prompts, self.parts.control_tokens),
            read_plan(reducer),
        )
        require_room(max_tokens)
        clock = PhaseTimer()
        contexts = self.read_all(images, prompts, plan, clock)
        read = [(context.trace, context.kv_bytes) for context in contexts]
        with clock.phase("decode"):
            ids = self.write(contexts, max_tokens)
        seconds = {phase: spent / len(prompts) for phase, spent in clock.seconds.items()}
        texts = [self.parts.tokenizer.decode(row) for row in ids]
        return [Outcome(text, trace, kv, seconds) for text, (trace, kv) in zip(texts, read, strict=True)]

    def read_all(
        self, images: Sequence[Image.Image], prompts: Sequence[str], plan: ReductionPlan, clock: PhaseTimer
    ) -> list[Context]:
        """A context per prompt that has read images and prompt, in the order that the plan wants.

        A reducer after the encoder that reads the question sees the images once per prompt.
        """
        if Question in plan.encoder.requires and len(prompts) > 1:
            return [context for prompt in prompts for context in self.read_all(images, [prompt], plan, clock)]
        context = self.context()
        context.clock = clock
        context.expect(prompts[0])
        if self.thinking:
            context.read_text(self.thinking.understanding)
        if plan.query != "text_first":
            for image in images:
                context.read_image(image, plan)
        forks = [context.fork() for _ in prompts]
        if query_on(plan, self.parts.native_query) == "image_end":
            with clock.phase("prefill"):
                read_texts(forks, prompts)
            return forks
        for fork, prompt in zip(forks, prompts, strict=True):
            fork.clock = clock
            fork.read_text(prompt)
            for image in images if plan.query == "text_first" else ():
                fork.read_image(image, plan)
        return forks

    @own_rules()
    def edit(
        self, images: Pictures, instruction: str, reducer: ReductionPlan | None = None, seed: int = 0
    ) -> Outcome[Image.Image]:
        """The images, edited as told; every image is read as VAE latent and as reduced ViT tokens.

        The result has the size of the last image unless `size` of the model says `first` or WxH
        (`g2tr.models.calls.edit_size`). Every context of guidance that has seen the images keeps the same tokens.
        Raises `InputError` for an empty instruction, for no image, and on a model without its generation half.
        """
        images, (instruction,), plan = (
            read_images(images),
            read_prompts([instruction], self.parts.control_tokens),
            read_plan(reducer),
        )
        if not images:
            raise InputError("an edit needs at least one image")
        if plan.query == "text_first":
            raise InputError("an edit reads its image first; use query=image_end or query=deferred")
        size, generator = edit_size(self.size, images, self.parts.vae_size), seeded(seed)
        context, imageless = self.context(), self.context()
        context.expect(instruction)
        if self.thinking:
            context.read_text(self.thinking.generation)
            imageless.read_text(self.thinking.generation)
        for image in images:
            context.read_image(image, plan, vae=True, generator=generator)
        textless = context.fork()
        textless.settle(context.read_text(instruction))
        imageless.read_text(instruction)
        trace, kv_bytes = context.trace, context.kv_bytes
        self.think(context, generator)
        result = context.write_image(size, self.sampling, textless, imageless, generator)
        return Outcome(result, trace, kv_bytes, dict(context.clock.seconds))

    @own_rules()
    def generate(self, prompt: str, size: Grid = (1024, 1024), seed: int = 0) -> Image.Image:
        """An image of (height, width) pixels from text alone; there are no ViT tokens to reduce."""
        (prompt,), generator = read_prompts([prompt], self.parts.control_tokens), seeded(seed)
        context = self.context()
        if self.thinking:
            context.read_text(self.thinking.generation)
        textless = context.fork()
        context.read_text(prompt)
        imageless = context.fork()
        self.think(context, generator)
        return context.write_image(size, self.sampling, textless, imageless, generator)

    def write(self, contexts: Sequence[Context], max_tokens: int) -> list[list[int]]:
        """The ids of answers; what thinking draws does not depend on which questions are asked together."""
        if not self.thinking:
            return decode(contexts, max_tokens)
        limit, temperature = self.thinking.max_tokens, self.thinking.temperature
        if temperature <= 0:
            return decode(contexts, limit)
        return [decode([context], limit, temperature, seeded(0))[0] for context in contexts]

    def think(self, context: Context, generator: torch.Generator) -> None:
        """Lets the model write its plan into the conversation, where thinking is on."""
        if self.thinking:
            context.write_text(self.thinking.max_tokens, self.thinking.temperature, generator)
