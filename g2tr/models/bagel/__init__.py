"""BAGEL (mixture-of-transformers, SigLIP ViT, FLUX autoencoder), from checkpoints in the published layout."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.models.bagel.flow import Sampling as Sampling
    from g2tr.models.bagel.load import load_bagel as load_bagel
    from g2tr.models.bagel.thinking import Thinking as Thinking

EXPORTS = {
    "Sampling": "flow",
    "Thinking": "thinking",
    "load_bagel": "load",
}
__getattr__ = lazily(__name__, EXPORTS)
