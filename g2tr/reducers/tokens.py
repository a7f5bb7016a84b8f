"""The nouns: the visual tokens of one image, the evidence about them, and what a reduction leaves.

Axes: n visual tokens · k kept tokens · m anchors · d width of the language model · h, w sides of a grid ·
c channels of one latent patch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

Grid = tuple[int, int]
Evidence = TypeVar("Evidence")


@dataclass(frozen=True, eq=False)
class LatentGrid:
    """The VAE posterior of one image, cut into patches, and the model's own projection into LLM width."""

    mean: Float[Tensor, "h w c"]
    std: Float[Tensor, "h w c"]
    project: Callable[[Float[Tensor, "m c"]], Float[Tensor, "m d"]]


@dataclass(frozen=True, eq=False)
class Anchors:
    """Pooled VAE latents in LLM width, and the anchor cell in which each visual token lies."""

    features: Float[Tensor, "m d"]
    cells: Int[Tensor, " n"]


@dataclass(frozen=True, eq=False)
class QueryAttention:
    """Attention of query rows to the tokens in the layer before the reducer, mean over heads, softmax over all keys."""

    weights: Float[Tensor, "q n"]


@dataclass(frozen=True, eq=False)
class NextAttention:
    """The same in the layer that follows the reducer, from its own projections of the current hidden states."""

    weights: Float[Tensor, "q n"]


@dataclass(frozen=True, eq=False)
class QueryValues:
    """Value states of query rows and of the tokens in the layer before the reducer; g heads of width e."""

    queries: Float[Tensor, "q g e"]
    tokens: Float[Tensor, "n g e"]


@dataclass(frozen=True, eq=False)
class QueryKeys:
    """Keys of query rows and of the tokens in the layer before the reducer, as they are cached; g heads of width e."""

    queries: Float[Tensor, "q g e"]
    tokens: Float[Tensor, "n g e"]


@dataclass(frozen=True, eq=False)
class NormedStates:
    """Hidden states of query rows and of the tokens where the reducer acts, after the model's last norm."""

    queries: Float[Tensor, "q d"]
    tokens: Float[Tensor, "n d"]


@dataclass(frozen=True, eq=False)
class Question:
    """Input embeddings of the t tokens of the question or instruction, known before the image is reduced."""

    embeddings: Float[Tensor, "t d"]


@dataclass(frozen=True, eq=False)
class Rotary:
    """Positions p of tokens in the layer after the reducer; pair i of a head of `width` turns by p·θ^(-2i/width)."""

    positions: Int[Tensor, " n"]
    theta: float
    width: int


@dataclass(frozen=True, eq=False)
class VisionAttention:
    """Attention that each token received in every ViT layer, mean over heads and queries; l layers."""

    received: Float[Tensor, "l n"]


@dataclass(frozen=True, eq=False)
class Scores:
    """What the importance said of each token; the reducer hands it to a merge that reads it."""

    values: Float[Tensor, " n"]


@dataclass(frozen=True, eq=False)
class GridPositions:
    """Where tokens lie on the grid of their image, in raster order, after an earlier reduction."""

    indices: Int[Tensor, " n"]


@dataclass(frozen=True, eq=False)
class VisualTokens:
    """Tokens of one image after the connector, before the 2-D position embedding, in raster order.

    `evidence` holds at most one object per type; `seed` is a checksum of the pixels, so that
    a random strategy treats every image differently and the same image always alike. `skipped_tokens` counts tokens
    that the vision tower did not compute, since it saw a smaller image.
    """

    features: Float[Tensor, "n d"]
    grid: Grid
    evidence: tuple[object, ...] = ()
    seed: int = 0
    skipped_tokens: int = 0

    def __post_init__(self) -> None:
        height, width = self.grid
        if height * width != len(self.features) and not self.has(GridPositions):
            raise ValueError(f"a {height}x{width} grid holds {height * width} tokens, got {len(self.features)}")

    def read(self, kind: type[Evidence]) -> Evidence:
        """The evidence of one type. Raises `LookupError` where the model did not compute it."""
        for evidence in self.evidence:
            if isinstance(evidence, kind):
                return evidence
        raise LookupError(f"no {kind.__name__} among the evidence; declare it in `requires`")

    def has(self, kind: type) -> bool:
        """Whether evidence of this type was computed."""
        return any(isinstance(evidence, kind) for evidence in self.evidence)

    @property
    def full(self) -> int:
        """How many tokens there would be without any reduction, of the image or of its tokens."""
        return len(self.features) + self.skipped_tokens

    @property
    def places(self) -> Int[Tensor, " n"]:
        """Raster index of each token on the grid."""
        if self.has(GridPositions):
            return self.read(GridPositions).indices
        return torch.arange(len(self.features), device=self.features.device)

    def with_evidence(self, evidence: object) -> "VisualTokens":
        """The same tokens with one more piece of evidence."""
        return replace(self, evidence=(*self.evidence, evidence))


@dataclass(frozen=True, eq=False)
class Reduction:
    """What stays of one image's tokens, and where every token went.

    `kept` is sorted and unique; `assignment[i]` is the index into `kept` of the token in which token i
    ended: its own if it was kept, -1 if it was dropped without merging.
    """

    features: Float[Tensor, "k d"]
    kept: Int[Tensor, " k"]
    assignment: Int[Tensor, " n"]

    @property
    def sizes(self) -> Int[Tensor, " k"]:
        """How many tokens each kept token stands for, itself included."""
        return torch.bincount(self.assignment[self.assignment >= 0], minlength=len(self.kept))


def initial_assignment(kept: Int[Tensor, " k"], count: int) -> Int[Tensor, " n"]:
    """Homes of `count` tokens when the kept stay and the others have none yet (-1)."""
    assignment = kept.new_full((count,), -1)
    assignment[kept] = torch.arange(len(kept), device=kept.device)
    return assignment
