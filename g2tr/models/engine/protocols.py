"""What evidence and reduction between layers ask of a language model, whichever it is.

Shapes: t rows, h query heads, g key heads, e head width, d width.
"""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from PIL.Image import Image
from torch import Tensor

from g2tr.models.checkpoints.tokenizer import Tokenizer
from g2tr.models.engine.attention import Attend
from g2tr.models.engine.kv_cache import Block, Cache
from g2tr.reducers.tokens import Grid, VisualTokens

Rotation = tuple[Tensor, Tensor]
Projected = tuple[Float[Tensor, "t h e"], Float[Tensor, "t g e"], Float[Tensor, "t g e"]]


@runtime_checkable
class LayeredLM(Protocol):
    """A transformer that is walked through layer by layer; all rows are text or ViT tokens."""

    @property
    def rope(self) -> tuple[float, int]:
        """θ of the rotary embedding, and the width of a head."""
        ...

    def rotary(self, block: Block) -> Rotation:
        """Rotary embedding of the block's positions, a row for each."""
        ...

    def project_qkv(self, index: int, rows: Float[Tensor, "t d"], rotary: Rotation) -> Projected:
        """Queries, keys and values that a layer would make of rows."""
        ...

    def advance(
        self, index: int, rows: Float[Tensor, "t d"], block: Block, rotary: Rotation, cache: Cache, attend: Attend
    ) -> Float[Tensor, "t d"]:
        """The rows of one sample after a layer, which caches their keys and values."""
        ...

    def finish(self, rows: Float[Tensor, "t d"], block: Block) -> Float[Tensor, "t d"]:
        """The rows after the final norm."""
        ...


@runtime_checkable
class ModelParts(Protocol):
    """Parts of a loaded model with which a conversation goes on; `native_query` is what `query=native` means there."""

    native_query: ClassVar[str]

    @property
    def language(self) -> LayeredLM: ...

    @property
    def attend(self) -> Attend: ...

    @property
    def tokenizer(self) -> Tokenizer: ...

    @property
    def device(self) -> torch.device: ...

    def embed(self, ids: Int[Tensor, " t"]) -> Float[Tensor, "t d"]: ...

    def vit_grid(self, image: Image) -> Grid: ...

    def encode_vit(
        self, image: Image, requires: frozenset[type], target_grid: Callable[[Grid], Grid]
    ) -> VisualTokens: ...
