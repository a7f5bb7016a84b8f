"""The three stages as protocols, and the reducer that composes them."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from g2tr.errors import InputError
from g2tr.reducers.anchors import AnchorRule
from g2tr.reducers.contract import Contract, require_strategy
from g2tr.reducers.grid_maps import smallest_grid
from g2tr.reducers.stages import Importance, Merge, Selection
from g2tr.reducers.tokens import Anchors, Grid, LatentGrid, Reduction, Scores, VisualTokens


@dataclass(frozen=True)
class Depth:
    """Where a reducer acts: before `layer` of the language model, or, at 0, before it altogether.

    A layer was chosen for a model of `of` layers; on another model it means the same fraction of the depth,
    but at least the layer after the first.
    """

    layer: int = 0
    of: int | None = None

    def __post_init__(self) -> None:
        if self.layer < 0 or (self.of is not None and self.layer >= self.of):
            raise InputError(f"a depth must lie within the model, got layer {self.layer} of {self.of}")

    def resolve(self, layers: int) -> int:
        """The layer in a model of this many layers."""
        if self.layer == 0:
            return 0
        layer = self.layer if self.of is None else max(1, round(self.layer * layers / self.of))
        if layer >= layers:
            raise InputError(f"a reducer at layer {layer} needs a deeper model; this one has {layers} layers")
        return layer


@dataclass(frozen=True)
class Reducer:
    """Importance × selection × merge at a keep ratio ρ: k = min(n, max(min_keep, round(ρ·n))) tokens stay.

    Rounding is half to even, as in the released code (method.md section 5). With ρ = 1 no stage runs, no
    evidence is read and the tokens pass through unchanged. Features are of any floating type, and stay so.
    Raises `InputError` for a ratio outside (0, 1], and for a strategy that breaks its contract.
    With `downsample` the vision tower sees a smaller image, whose grid just holds k tokens; the stages drop the
    few that are too many. With `size_alpha` α a kept token that stands for s tokens adds α·log(s) to its attention
    logits in the language model (proportional attention of ToMe at 1). `name` is what tables call it; `at` is where
    it acts when it is a step of a `Cascade`.
    """

    importance: Importance
    selection: Selection
    merge: Merge
    keep_ratio: float = 0.5
    min_keep: int = 32
    anchors: AnchorRule = field(default_factory=AnchorRule)
    size_alpha: float = 0.0
    downsample: bool = False
    name: str = "reducer"
    at: Depth = field(default_factory=Depth)

    def __post_init__(self) -> None:
        if type(self.keep_ratio) not in (int, float) or not 0 < self.keep_ratio <= 1:
            raise InputError(f"keep_ratio must be a number above 0 and at most 1, got {self.keep_ratio!r}")
        if type(self.min_keep) is not int or self.min_keep < 1:
            raise InputError(f"min_keep must be a whole number of at least 1, got {self.min_keep!r}")
        if type(self.size_alpha) not in (int, float):
            raise InputError(f"size_alpha must be a number, got {self.size_alpha!r}")
        for stage in ("importance", "selection", "merge"):
            require_strategy(stage, getattr(self, stage))

    @property
    def stage_requires(self) -> frozenset[type]:
        """The evidence that the three stages ask for, beside the scores that they make themselves."""
        return (self.importance.requires | self.selection.requires | self.merge.requires) - {Scores}

    @property
    def requires(self) -> frozenset[type]:
        """The evidence that a model must compute; anchors are made here, from its latents."""
        if self.keep_ratio == 1:
            return frozenset()
        requires = self.stage_requires
        return requires - {Anchors} | {LatentGrid} if Anchors in requires else requires

    @property
    def encoder(self) -> "Reducer":
        """A reducer is a cascade of one step, after the encoder."""
        return self

    @property
    def query(self) -> str:
        return "native"

    @property
    def evict_lower_layers(self) -> bool:
        return False

    @property
    def positions(self) -> str:
        return "original"

    def inside(self, layers: int) -> list[tuple[int, "Reducer"]]:
        """No steps inside the language model."""
        return []

    def budget(self, count: int) -> int:
        """How many of `count` tokens stay."""
        return min(count, max(self.min_keep, round(self.keep_ratio * count)))

    def required_for(self, grid: Grid) -> frozenset[type]:
        """The evidence that it reads of an image that would have this grid: none where every token stays."""
        view = self.target_grid(grid)
        full = grid[0] * grid[1]
        return self.requires if self.budget(full) < view[0] * view[1] else frozenset()

    def target_grid(self, grid: Grid) -> Grid:
        """The grid that the vision tower is to make of an image that would have this one."""
        return smallest_grid(grid, self.budget(grid[0] * grid[1])) if self.downsample else grid

    @torch.no_grad()
    def __call__(self, tokens: VisualTokens) -> Reduction:
        if not tokens.features.is_floating_point():
            raise InputError(f"tokens must be floating point, got {tokens.features.dtype}")
        count = len(tokens.features)
        k = min(count, self.budget(tokens.full))
        if k == count:
            everyone = torch.arange(count, device=tokens.features.device)
            return Reduction(tokens.features.detach(), everyone, everyone)
        # Under a caller's autocast, similarities would be half precision, and full of ties.
        with torch.autocast(tokens.features.device.type, enabled=False), Contract(tokens, k) as contract:
            tokens = self.anchored(tokens)
            scores = contract.scores(self.importance, self.importance(tokens))
            kept = contract.kept(self.selection, self.selection(scores, tokens, k))
            return contract.reduction(self.merge, self.merge(self.scored(tokens, scores), kept), kept)

    def anchored(self, tokens: VisualTokens) -> VisualTokens:
        """The tokens with their anchors, where a stage reads them and nobody gave them."""
        if Anchors not in self.stage_requires or tokens.has(Anchors):
            return tokens
        return tokens.with_evidence(self.anchors(tokens.read(LatentGrid), tokens.grid, tokens.seed))

    def scored(self, tokens: VisualTokens, scores: Float[Tensor, " n"]) -> VisualTokens:
        """The tokens with their scores, where the merge reads them."""
        return tokens.with_evidence(Scores(scores)) if Scores in self.merge.requires else tokens
