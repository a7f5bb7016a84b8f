"""Who stays: the indices of exactly k tokens, one strategy per file."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.reducers.selection.balanced import Balanced as Balanced
    from g2tr.reducers.selection.bipartite import Bipartite as Bipartite
    from g2tr.reducers.selection.coverage import Coverage as Coverage
    from g2tr.reducers.selection.dominant import Dominant as Dominant
    from g2tr.reducers.selection.dpp import Dpp as Dpp
    from g2tr.reducers.selection.duplication import Duplication as Duplication
    from g2tr.reducers.selection.ivc import Ivc as Ivc
    from g2tr.reducers.selection.local_global import LocalGlobal as LocalGlobal
    from g2tr.reducers.selection.maxmin import MaxMin as MaxMin
    from g2tr.reducers.selection.outliers import Outliers as Outliers
    from g2tr.reducers.selection.pivots import Pivots as Pivots
    from g2tr.reducers.selection.reconstruction import Reconstruction as Reconstruction
    from g2tr.reducers.selection.saliency_diversity import SaliencyDiversity as SaliencyDiversity
    from g2tr.reducers.selection.systematic import Systematic as Systematic
    from g2tr.reducers.selection.topk import TopK as TopK
    from g2tr.reducers.selection.uniform import Uniform as Uniform
    from g2tr.reducers.selection.window import Window as Window

EXPORTS = {
    "Balanced": "balanced",
    "Bipartite": "bipartite",
    "Coverage": "coverage",
    "Dominant": "dominant",
    "Dpp": "dpp",
    "Duplication": "duplication",
    "Ivc": "ivc",
    "LocalGlobal": "local_global",
    "MaxMin": "maxmin",
    "Outliers": "outliers",
    "Pivots": "pivots",
    "Reconstruction": "reconstruction",
    "SaliencyDiversity": "saliency_diversity",
    "Systematic": "systematic",
    "TopK": "topk",
    "Uniform": "uniform",
    "Window": "window",
}
__getattr__ = lazily(__name__, EXPORTS)
