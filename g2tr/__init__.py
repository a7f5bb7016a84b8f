"""g2tr: visual token reduction for unified multimodal models, guided by their own generation branch.

image → encode → anchors → importance → selection → merge → pack → prefill → decode or denoise → metrics → report

A `Reducer` composes importance (who matters), selection (who stays) and merge (what the others leave behind).
"""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.models.hf.latents import load_latents as load_latents
    from g2tr.models.hf.reduce import reduce_inputs as reduce_inputs
    from g2tr.reducers.anchors import AnchorRule as AnchorRule
    from g2tr.reducers.cascade import Cascade as Cascade
    from g2tr.reducers.reducer import Reducer as Reducer
    from g2tr.reducers.tokens import Anchors as Anchors
    from g2tr.reducers.tokens import LatentGrid as LatentGrid
    from g2tr.reducers.tokens import Reduction as Reduction
    from g2tr.reducers.tokens import VisualTokens as VisualTokens

__version__ = "0.1.0"

EXPORTS = {
    "AnchorRule": "reducers.anchors",
    "Anchors": "reducers.tokens",
    "Cascade": "reducers.cascade",
    "LatentGrid": "reducers.tokens",
    "Reducer": "reducers.reducer",
    "Reduction": "reducers.tokens",
    "VisualTokens": "reducers.tokens",
    "load_latents": "models.hf.latents",
    "reduce_inputs": "models.hf.reduce",
}
__getattr__ = lazily(__name__, EXPORTS)
