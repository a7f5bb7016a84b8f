"""What the dropped tokens leave behind, one strategy per file."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.reducers.merge.bipartite import Bipartite as Bipartite
    from g2tr.reducers.merge.contextual import Contextual as Contextual
    from g2tr.reducers.merge.drop import Drop as Drop
    from g2tr.reducers.merge.nearest import Nearest as Nearest
    from g2tr.reducers.merge.spatial import Spatial as Spatial
    from g2tr.reducers.merge.weighted import Weighted as Weighted

EXPORTS = {
    "Bipartite": "bipartite",
    "Contextual": "contextual",
    "Drop": "drop",
    "Nearest": "nearest",
    "Spatial": "spatial",
    "Weighted": "weighted",
}
__getattr__ = lazily(__name__, EXPORTS)
