"""What the model learns from a batch: answers after questions, velocities after instructions.

Shapes: b sequences, n rows of a piece, d width, p values of a latent patch.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from g2tr.metrics.editing import VISIBLE
from g2tr.models.bagel.network import BagelNetwork
from g2tr.models.bagel.vae import LatentCodec
from g2tr.training.batches import EditBatch, QuestionBatch
from g2tr.training.dense_forward import PADDING_BLOCK, read
from g2tr.training.segments import dropped, latents, pixels, see, text_piece


@dataclass(frozen=True)
class Flow:
    """How edits are learned.

    Times are logit-normal, t = sigmoid(mean + std · n), then shifted towards noise: s·t / (1 + (s - 1)·t). The clean
    latents are hidden in a share `drop_latents` of the sequences, the instruction in `drop_text`. Patches that
    change have the share `changed` of the loss.
    """

    mean: float = 0.0
    std: float = 1.0
    shift: float = 1.0
    drop_latents: float = 0.25
    drop_text: float = 0.1
    changed: float = 0.5

    def times(self, count: int, generator: torch.Generator) -> Float[Tensor, " b"]:
        """Times of `count` sequences, 1 is noise."""
        normal = torch.randn(count, generator=generator, device=generator.device)
        t = torch.sigmoid(self.mean + self.std * normal)
        return self.shift * t / (1 + (self.shift - 1) * t)


@dataclass(frozen=True)
class Dropping:
    """Tokens of images that are hidden while training, so that the model bears reduction.

    In a share `sequences` of the sequences each token of an image stays with one probability, uniform between `least`
    and 1. The markers stay.
    """

    sequences: float = 0.0
    least: float = 0.2

    def ratios(self, count: int, chance: torch.Generator) -> Float[Tensor, " b"]:
        """The probability of each of `count` sequences; 1 for those that see everything."""
        hit, level = torch.rand(2, count, generator=chance, device=chance.device)
        return torch.where(hit < self.sequences, self.least + (1 - self.least) * level, 1.0)


class Seen(NamedTuple):
    """Which sequences see their clean latents and their instruction, and the share of image tokens that each sees."""

    latents: Bool[Tensor, " b"]
    text: Bool[Tensor, " b"]
    ratios: Float[Tensor, " b"]


def answer_loss(
    network: BagelNetwork, batch: QuestionBatch, dropping: Dropping, chance: torch.Generator
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Cross-entropy of the answers, of captions added to that of questions, and the share of words predicted right."""
    ratios = dropping.ratios(len(batch.texts.ids), chance)
    pieces = [see(network, images, block, ratios, chance) for block, images in enumerate(batch.images)]
    text = text_piece(network, batch.texts, shared=torch.zeros_like(batch.texts.ids, dtype=torch.bool))
    logits = network.language.lm_head(read(network.language, [*pieces, text])[-1]).float()
    texts, learned = batch.texts, batch.texts.weights > 0
    entropy = F.cross_entropy(logits.flatten(0, 1), texts.targets.flatten(), reduction="none")
    right = mean_over((logits.argmax(-1) == texts.targets).float(), learned)
    return (entropy * texts.weights.flatten()).sum(), right


def edit_loss(
    network: BagelNetwork,
    codec: LatentCodec,
    batch: EditBatch,
    flow: Flow,
    dropping: Dropping,
    generator: torch.Generator,
) -> Float[Tensor, ""]:
    """Squared error of the velocity from target to noise, x_t = (1 - t)·target + t·noise."""
    (mean, spread), (target, _) = (encode(codec, pixels(images)) for images in (batch.images, batch.targets))
    noise, draw = (torch.randn(target.shape, generator=generator, device=target.device) for _ in range(2))
    chances = torch.rand(2, len(target), generator=generator, device=target.device)
    ratios = dropping.ratios(len(target), generator)
    seen = Seen(chances[0] >= flow.drop_latents, chances[1] >= flow.drop_text, ratios)
    times = flow.times(len(target), generator)
    t = times[:, None, None, None]
    noisy = (1 - t) * target + t * noise
    velocity = velocities(network, batch, mean + spread * draw, noisy, times, seen, generator)
    error = (velocity - (noise - target).flatten(1, 2)).square().mean(-1)
    changes = changed_patches(batch.images, batch.targets, batch.images.shape[-1] // target.shape[2])
    return flow.changed * mean_over(error, changes) + (1 - flow.changed) * mean_over(error, ~changes)


def velocities(
    network: BagelNetwork,
    batch: EditBatch,
    clean: Float[Tensor, "b y x p"],
    noisy: Float[Tensor, "b y x p"],
    times: Float[Tensor, " b"],
    seen: Seen,
    chance: torch.Generator,
) -> Float[Tensor, "b n p"]:
    """The velocity of noisy patches behind clean latents, ViT tokens and instruction."""
    texts, start = batch.texts, torch.zeros_like(times)
    written = texts.blocks != PADDING_BLOCK
    behind = 2 + written.sum(1) * seen.text
    pieces = [
        dropped(latents(network, clean, start, 0, start.long(), seen.latents), seen.ratios, chance),
        see(network, batch.images, 1, seen.ratios, chance),
        text_piece(network, texts, written & seen.text[:, None]),
        latents(network, noisy, times, 3, behind, seen.text),
    ]
    out: Tensor = network.llm2vae(read(network.language, pieces)[-1][:, 1:-1]).float()
    return out


def mean_over(error: Float[Tensor, "b n"], where: Bool[Tensor, "b n"]) -> Float[Tensor, ""]:
    """Mean over the chosen patches; 0 where there are none."""
    return (error * where).sum() / where.sum().clamp(min=1)


def changed_patches(
    images: UInt8[Tensor, "b 3 h w"], targets: UInt8[Tensor, "b 3 h w"], side: int
) -> Bool[Tensor, "b n"]:
    """Latent patches, `side` pixels wide, in which an edit changes a pixel visibly."""
    differs = ((images.float() - targets.float()).abs() > 255 * VISIBLE).any(1, keepdim=True).float()
    return F.max_pool2d(differs, side).flatten(1) > 0


@torch.no_grad()
def encode(
    codec: LatentCodec, images: Float[Tensor, "b 3 h w"]
) -> tuple[Float[Tensor, "b y x p"], Float[Tensor, "b y x p"]]:
    """Mean and deviation of the scaled latents, as patches."""
    mean, logvar = codec.vae.encoder(images).float().chunk(2, dim=1)
    scale, shift = codec.config.vae.scale_factor, codec.config.vae.shift_factor
    cut = torch.vmap(codec.to_patches)
    return cut(scale * (mean - shift)), cut(scale * torch.exp(0.5 * logvar.clamp(-30, 20)))
