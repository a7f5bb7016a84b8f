"""What is measured: answers, edited images, and cost."""

from typing import TYPE_CHECKING

from g2tr.exports import lazily

if TYPE_CHECKING:
    from g2tr.metrics.captions import ClipCaptions as ClipCaptions
    from g2tr.metrics.perceptual import ClipImage as ClipImage
    from g2tr.metrics.perceptual import Dino as Dino
    from g2tr.metrics.perceptual import Lpips as Lpips

EXPORTS = {
    "ClipCaptions": "captions",
    "ClipImage": "perceptual",
    "Dino": "perceptual",
    "Lpips": "perceptual",
}
__getattr__ = lazily(__name__, EXPORTS)
