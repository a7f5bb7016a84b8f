"""InternVL-U as a model of the contract: answers, edits and generates, with any reducer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import torch
from PIL import Image

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
from g2tr.models.engine.decoding import continue_texts, require_room
from g2tr.models.internvl_u.context import Context
from g2tr.models.internvl_u.cost import model_shape
from g2tr.models.internvl_u.flow import Sampling
from g2tr.models.internvl_u.generation import draw, edit_rows, generation_rows
from g2tr.models.internvl_u.language import Hidden
from g2tr.models.internvl_u.parts import Components
from g2tr.models.internvl_u.prefill import next_logits, read_texts
from g2tr.models.internvl_u.prompt import SLOT, Piece, System, system_turn, user_pieces
from g2tr.models.shapes import ModelShape
from g2tr.reducers.cascade import ReductionPlan
from g2tr.reducers.tokens import Grid, Question, VisualTokens


@dataclass(frozen=True, eq=False)
class InternVLU:
    """A loaded InternVL-U. All randomness of a call comes from its seed, drawn on the CPU."""

    name: str
    parts: Components
    settings: Mapping[str, object]
    sampling: Sampling = field(default_factory=Sampling)
    system: System = field(default_factory=System)
    size: str = "last"

    @property
    def shape(self) -> ModelShape:
        """Sizes that decide the cost of a prefill."""
        return model_shape(self.parts.network.config, self.parts.network.weight.element_size())

    def vae_flops(self, size: Grid) -> int:
        """FLOPs of one VAE encode of an image of (height, width) pixels."""
        return self.parts.codec.flops(size)

    def context(self) -> Context:
        """A new, empty conversation."""
        return Context.new(self.parts)

    @own_rules()
    def encode(self, image: Picture, requires: frozenset[type] = frozenset()) -> VisualTokens:
        """Visual tokens of an image with the evidence in `requires`."""
        return self.context().see(read_image(image), requires)

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
        """Greedy answers to several prompts about the same images; what the prompts share is prefilled once.

        Images are PIL images or paths; without a reducer every token stays.
        Raises `InputError` for an empty prompt and for more slots `<image>` in a prompt than images.
        """
        images, prompts, plan = (
            read_images(images),
            read_prompts(prompts, self.parts.control_tokens),
            read_plan(reducer),
        )
        require_room(max_tokens)
        clock = PhaseTimer()
        contexts, last = self.read_all(images, prompts, plan, clock)
        read = [(context.trace, context.kv_bytes) for context in contexts]
        with clock.phase("decode"):
            logits = self.parts.language.logits(torch.cat([rows.last[-1:] for rows in last]))
            ids = continue_texts(contexts, logits, next_logits, self.parts.markers.ends, max_tokens)
        seconds = {phase: spent / len(prompts) for phase, spent in clock.seconds.items()}
        texts = [self.parts.tokenizer.decode(row) for row in ids]
        return [Outcome(text, trace, kv, seconds) for text, (trace, kv) in zip(texts, read, strict=True)]

    def read_all(
        self, images: Sequence[Image.Image], prompts: Sequence[str], plan: ReductionPlan, clock: PhaseTimer
    ) -> tuple[list[Context], list[Hidden]]:
        """A context per prompt that has read images and prompt, and the rows of its last text.

        A reducer after the encoder that reads the question sees the images once per prompt.
        """
        if Question in plan.encoder.requires and len(prompts) > 1:
            alone = [self.read_all(images, [prompt], plan, clock) for prompt in prompts]
            return [context for contexts, _ in alone for context in contexts], [
                row for _, last in alone for row in last
            ]
        first = plan.query == "text_first"
        scripts = [user_pieces(prompt, len(images), first) for prompt in prompts]
        shared = shared_length(scripts)
        context = self.context()
        context.clock = clock
        context.expect(prompts[0].replace(SLOT, ""))
        context.read_text(system_turn(self.system.answering(self.parts.network.config.system_message)))
        context.read_pieces(scripts[0][:shared], images, plan)
        forks = [context.fork() for _ in prompts]
        rests = [script[shared:] for script in scripts]
        if not context.pending and all(len(rest) == 1 for rest in rests):
            with clock.phase("prefill"):
                return forks, read_texts(forks, [str(rest[0]) for rest in rests])
        last = []
        for fork, rest in zip(forks, rests, strict=True):
            fork.clock = clock
            fork.read_pieces(rest[:-1], images, plan)
            last.append(fork.ask(str(rest[-1]))[0])
        return forks, last

    @own_rules()
    def edit(
        self, images: Pictures, instruction: str, reducer: ReductionPlan | None = None, seed: int = 0
    ) -> Outcome[Image.Image]:
        """The images, edited as told, at the size at which the autoencoder sees the last one.

        `size` of the model may say `first` or WxH instead (`g2tr.models.calls.edit_size`).
        Cost and memory are those of the conversation with everything in it, as if the two that guidance is
        measured from came for free. Raises `InputError` for an empty instruction, for no image, and on a model
        without its generation half.
        """
        images, (instruction,), plan = (
            read_images(images),
            read_prompts([instruction], self.parts.control_tokens),
            read_plan(reducer),
        )
        generator, context = seeded(seed), self.context()
        rows = edit_rows(context, images, instruction, self.system.edit, plan)
        trace, kv_bytes = context.trace, context.kv_bytes
        size = edit_size(self.size, images, lambda image: self.parts.choices.sizes((image.height, image.width)))
        result = draw(context, rows, size, self.sampling, generator)
        return Outcome(result, trace, kv_bytes, dict(context.clock.seconds))

    @own_rules()
    def generate(self, prompt: str, size: Grid = (512, 512), seed: int = 0) -> Image.Image:
        """An image of (height, width) pixels from text alone; there are no visual tokens to reduce."""
        (prompt,), generator, context = read_prompts([prompt], self.parts.control_tokens), seeded(seed), self.context()
        rows = generation_rows(context, prompt, self.system.generate)
        return draw(context, rows, size, self.sampling, generator)


def shared_length(scripts: Sequence[Sequence[Piece]]) -> int:
    """How many pieces all scripts begin with; the last piece of each is its own."""
    openings = zip(*(script[:-1] for script in scripts), strict=False)
    return len(list(takewhile(lambda pieces: len(set(pieces)) == 1, openings)))
