"""Which visual tokens stay: importance × selection × merge, composed by a `Reducer` or, inside a model, a `Cascade`."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.reducers.anchors import AnchorRule as AnchorRule
    from g2tr.reducers.cascade import Cascade as Cascade
    from g2tr.reducers.reducer import Depth as Depth
    from g2tr.reducers.reducer import Reducer as Reducer
    from g2tr.reducers.stages import Importance as Importance
    from g2tr.reducers.stages import Merge as Merge
    from g2tr.reducers.stages import Selection as Selection
    from g2tr.reducers.tokens import Anchors as Anchors
    from g2tr.reducers.tokens import LatentGrid as LatentGrid
    from g2tr.reducers.tokens import Reduction as Reduction
    from g2tr.reducers.tokens import VisualTokens as VisualTokens

EXPORTS = {
    "AnchorRule": "anchors",
    "Anchors": "tokens",
    "Cascade": "cascade",
    "Depth": "reducer",
    "Importance": "stages",
    "LatentGrid": "tokens",
    "Merge": "stages",
    "Reducer": "reducer",
    "Reduction": "tokens",
    "Selection": "stages",
    "VisualTokens": "tokens",
}
__getattr__ = lazily(__name__, EXPORTS)
