"""g2tr: visual token reduction for unified multimodal models, guided by their own generation branch.

image → encode → anchors → importance → selection → merge → pack → prefill → decode or denoise → metrics → report

A `Reducer` composes importance (who matters), selection (who stays) and merge (what the others leave behind).
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

EXPORTS = {
    "Reducer": "g2tr.reducers.reducer",
    "VisualTokens": "g2tr.reducers.tokens",
    "Reduction": "g2tr.reducers.tokens",
    "Anchors": "g2tr.reducers.tokens",
    "LatentGrid": "g2tr.reducers.tokens",
    "AnchorRule": "g2tr.reducers.anchors",
    "reduce_inputs": "g2tr.models.hf.reduce",
    "load_latents": "g2tr.models.hf.latents",
}
__all__ = [
    "AnchorRule",
    "Anchors",
    "LatentGrid",
    "Reducer",
    "Reduction",
    "VisualTokens",
    "load_latents",
    "reduce_inputs",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any export
    """Imports an exported name at its first use, so that the command line starts without torch."""
    if name in EXPORTS:
        return getattr(import_module(EXPORTS[name]), name)
    raise AttributeError(f"module 'g2tr' has no attribute {name!r}")
