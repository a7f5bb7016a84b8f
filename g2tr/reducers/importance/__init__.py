"""Who matters: a score for each visual token, one strategy per file."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.reducers.importance.attention import Attention as Attention
    from g2tr.reducers.importance.combine import Combine as Combine
    from g2tr.reducers.importance.feature_contrast import FeatureContrast as FeatureContrast
    from g2tr.reducers.importance.feature_uniqueness import FeatureUniqueness as FeatureUniqueness
    from g2tr.reducers.importance.key_norm import KeyNorm as KeyNorm
    from g2tr.reducers.importance.latent import Latent as Latent
    from g2tr.reducers.importance.latent_contrast import LatentContrast as LatentContrast
    from g2tr.reducers.importance.latent_deviation import LatentDeviation as LatentDeviation
    from g2tr.reducers.importance.next_attention import NextAttentionRank as NextAttentionRank
    from g2tr.reducers.importance.norm import Norm as Norm
    from g2tr.reducers.importance.propagation import Propagation as Propagation
    from g2tr.reducers.importance.random import Random as Random
    from g2tr.reducers.importance.relevance import Relevance as Relevance
    from g2tr.reducers.importance.value_similarity import ValueSimilarity as ValueSimilarity
    from g2tr.reducers.importance.vision_attention import ReceivedAttention as ReceivedAttention

EXPORTS = {
    "Attention": "attention",
    "Combine": "combine",
    "FeatureContrast": "feature_contrast",
    "FeatureUniqueness": "feature_uniqueness",
    "KeyNorm": "key_norm",
    "Latent": "latent",
    "LatentContrast": "latent_contrast",
    "LatentDeviation": "latent_deviation",
    "NextAttentionRank": "next_attention",
    "Norm": "norm",
    "Propagation": "propagation",
    "Random": "random",
    "ReceivedAttention": "vision_attention",
    "Relevance": "relevance",
    "ValueSimilarity": "value_similarity",
}
__getattr__ = lazily(__name__, EXPORTS)
