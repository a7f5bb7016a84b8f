"""A conversation with BAGEL: read texts and images, write texts and images, fork."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.bagel.decode import close, decode
from g2tr.models.bagel.flow import Sampling, guide
from g2tr.models.bagel.inside import read_text_deferred, read_visual_inside
from g2tr.models.bagel.parts import Components
from g2tr.models.bagel.prefill import read_latents, read_texts, read_visual, velocities
from g2tr.models.bagel.vae import Posterior
from g2tr.models.calls import own_types
from g2tr.models.engine.context import PendingImage, State
from g2tr.models.engine.finite import require_finite
from g2tr.models.engine.layer_reduction import Decisions, acts_inside, defer, settle
from g2tr.reducers.cascade import KEEP_ALL, ReductionPlan
from g2tr.reducers.grid_maps import whole
from g2tr.reducers.tokens import Grid, LatentGrid, Reduction, VisualTokens


class Context(State[Components]):
    """One conversation. Every verb extends it in place; `fork` first to keep it as it is."""

    @classmethod
    def new(cls, parts: Components) -> "Context":
        """An empty conversation."""
        return cls(parts, parts.network.language.new_cache())

    @own_types()
    def read_text(self, text: str) -> Decisions:
        """Reads one text block; which tokens of waiting images it let go. Raises `InputError` for an empty text."""
        if not text.strip():
            raise InputError("empty prompt: a text block needs at least one word")
        with self.clock.phase("prefill"):
            if self.pending:
                return read_text_deferred(self, text)
            read_texts([self], [text])
            return {}

    @own_types()
    def settle(self, decided: Decisions) -> None:
        """Reduces the images that still wait as a question of another fork decided."""
        settle(self, decided)

    @own_types()
    def read_image(
        self,
        image: Image.Image,
        reducer: ReductionPlan,
        vit: bool = True,
        vae: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        """Reads an image as a sampled VAE latent (`vae`), then as reduced ViT tokens (`vit`), as an edit does.

        The reducer's anchors reuse the latent of the VAE pass; without that pass an extra encode is made and
        noted in the trace. `generator` draws the sample; without one the posterior mean is read.
        """
        posterior = self.read_latent(image, generator) if vae else None
        if vit:
            requires = reducer.encoder.required_for(self.parts.vit_grid(image))
            tokens = self.see(image, requires, posterior, reducer.encoder.target_grid)
            with self.clock.phase("reduce"):
                reduction = reducer.encoder(tokens)
            self.read_tokens(tokens, reduction, reducer)

    @own_types()
    def read_latent(self, image: Image.Image, generator: torch.Generator | None) -> Posterior:
        """Reads the clean VAE latent of an image and returns its posterior."""
        self.require_generation("reading an image as VAE latents")
        with self.clock.phase("encode"):
            posterior = self.parts.encode_vae(image)
            require_finite(posterior.mean, "the VAE latent", f"of a {image.width}x{image.height} image")
        latent = posterior.mean if generator is None else posterior.sample(generator)
        with self.clock.phase("prefill"):
            read_latents([self], [self.parts.codec.to_patches(latent)])
        return posterior

    @own_types()
    def see(
        self,
        image: Image.Image,
        requires: frozenset[type],
        posterior: Posterior | None,
        target_grid: Callable[[Grid], Grid] = whole,
    ) -> VisualTokens:
        """ViT tokens of an image with the evidence that a reducer reads, on the grid that it wants."""
        tokens = self.encode_image(image, requires, target_grid)
        if LatentGrid not in requires:
            return tokens
        if posterior is None:
            with self.clock.phase("anchors"):
                posterior = self.parts.encode_vae(image)
            self.trace = self.trace.anchor_encode(self.parts.vae_size(image))
        return tokens.with_evidence(self.parts.latent_grid(posterior))

    @own_types()
    def read_tokens(self, tokens: VisualTokens, reduction: Reduction, plan: ReductionPlan = KEEP_ALL) -> None:
        """Reads what a reduction left of an image, and goes on with the plan's steps inside the language model."""
        start, count = self.length + 1, len(reduction.kept)
        inside = acts_inside(self, plan, count)
        with self.clock.phase("prefill"):
            if inside and self.query(plan) != "deferred":
                read_visual_inside(self, tokens, reduction, plan)
                return
            read_visual([self], [tokens], [reduction], plan.encoder.size_alpha)
        if inside:
            positions = reduction.kept.new_full((count,), self.rope - 1)
            defer(self, PendingImage(start, len(self.trace.views) - 1, tokens.seed, positions), plan)

    @own_types()
    def write_text(self, max_tokens: int, temperature: float = 0.0, generator: torch.Generator | None = None) -> str:
        """Writes a text block of up to `max_tokens` ids, greedy at temperature 0, and keeps it in the conversation."""
        return write_texts([self], max_tokens, temperature, generator)[0]

    @own_types()
    def write_image(
        self,
        size: Grid,
        sampling: Sampling,
        without_text: "Context | None" = None,
        without_image: "Context | None" = None,
        generator: torch.Generator | None = None,
    ) -> Image.Image:
        """Denoises an image of (height, width) pixels; the conversation does not grow.

        The other two contexts are what guidance is measured from: this conversation without its last text,
        and without its images. Raises `InputError` where guidance asks for one that is not given, and for a
        size that is no multiple of a latent patch or too large for the position table.
        """
        patches = self.write_latent(size, sampling, without_text, without_image, generator)
        with self.clock.phase("denoise"):
            return Image.fromarray(self.parts.codec.decode(self.parts.codec.from_patches(patches)).numpy())

    @own_types()
    def write_latent(
        self,
        size: Grid,
        sampling: Sampling,
        without_text: "Context | None",
        without_image: "Context | None",
        generator: torch.Generator | None,
    ) -> torch.Tensor:
        """The latent patches ("h w p") of the image that `write_image` decodes."""
        self.require_generation("writing an image")
        config = self.parts.network.config
        height, width = self.patch_grid(size)
        channels = config.latent_patch**2 * config.vae.z_channels
        noise = torch.randn((height * width, channels), generator=generator).unflatten(0, (height, width))
        with self.clock.phase("denoise"):
            return denoise(self, without_text, without_image, noise.to(self.parts.device), sampling)

    def patch_grid(self, size: Grid) -> Grid:
        """The grid of latent patches of an image of this size. Raises `InputError` where there is none."""
        config = self.parts.network.config
        cell = self.parts.codec.downsample * config.latent_patch
        limit = config.latent_side * cell
        if any(side % cell or not 0 < side <= limit for side in size):
            raise InputError(f"image sides must be multiples of {cell} up to {limit}, got {size[0]} x {size[1]} pixels")
        return size[0] // cell, size[1] // cell

    def require_generation(self, what: str) -> None:
        """Raises `InputError` on a model that was loaded for understanding only."""
        if not self.parts.network.generates:
            raise InputError(f"{what} needs model.generation=true; this model was loaded for understanding only")


@own_types()
def write_texts(
    contexts: Sequence[Context],
    max_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
) -> list[str]:
    """Writes one text in each context, all contexts in the same passes."""
    clock = contexts[0].clock
    with clock.phase("decode"):
        ids = decode(contexts, max_tokens, temperature, generator)
        close(contexts, ids, max_tokens)
    return [contexts[0].parts.tokenizer.decode(text) for text in ids]


def denoise(
    full: Context,
    without_text: Context | None,
    without_image: Context | None,
    x: torch.Tensor,
    sampling: Sampling,
) -> torch.Tensor:
    """Euler steps from noise x ("h w p") at time 1 to an image at time 0."""
    times = sampling.times().tolist()
    for time, following in pairwise(times):
        contexts = [full, *guiding_contexts(without_text, without_image, sampling.guides(time))]
        v, *others = velocities(contexts, x, time)
        if others:
            v = guide(v, others[0], others[1] if len(others) > 1 else None, sampling)
        x = x - v.reshape(x.shape) * (time - following)
        require_finite(x, "the latents", f"after the step at time {time:.3g}")
    return x


def guiding_contexts(
    without_text: Context | None, without_image: Context | None, guides: tuple[bool, bool]
) -> list[Context]:
    """The contexts that guidance needs at this time."""
    wanted = [context for context, acts in zip((without_text, without_image), guides, strict=True) if acts]
    if any(context is None for context in wanted):
        raise InputError("guidance needs the contexts without text and without image; give them or set the scales to 1")
    return [context for context in wanted if context is not None]
