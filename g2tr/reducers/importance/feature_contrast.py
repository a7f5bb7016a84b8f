"""Importance by local contrast of the token features: the control of `latent_contrast`, without a VAE."""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from g2tr.reducers.grid_maps import local_contrast, require_window
from g2tr.reducers.tokens import VisualTokens


@dataclass(frozen=True)
class FeatureContrast:
    """s_i = ‖v_i - mean of v over the `window` x `window` tokens around i‖₂. No counterpart in the paper."""

    window: int = 5
    requires: ClassVar[frozenset[type]] = frozenset()

    def __post_init__(self) -> None:
        require_window(self.window)

    def __call__(self, tokens: VisualTokens) -> Float[Tensor, " n"]:
        return local_contrast(tokens.features, tokens.places, tokens.grid, self.window)
