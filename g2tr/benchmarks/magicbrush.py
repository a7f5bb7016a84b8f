"""MagicBrush: real edits with their target images (arXiv 2306.10012; OSU-NLP-Group/MagicBrush); no judge needed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from g2tr.benchmarks.editing import PublishedEdits
from g2tr.benchmarks.sample import Sample
from g2tr.benchmarks.sources.annotations import Annotation


@dataclass(frozen=True)
class MagicBrush(PublishedEdits):
    """Every turn on its own, from the true image of the turn before: the official single-turn setting.

    L1 and L2 are the official ones; CLIP-I and DINO need their weights (`perceptual`).
    """

    headline: ClassVar[tuple[str, ...]] = ("psnr", "ssim", "l1", "l2")
    has_targets: ClassVar[bool] = True

    def sample(self, annotation: Annotation) -> Sample:
        image, turn = annotation.text("img_id"), annotation.text("turn_index", "turn")
        facts = {"img_id": image, "turn": turn}
        images, prompt = annotation.image("source_img", "source"), annotation.text("instruction")
        (target, *_) = annotation.image("target_img", "target")
        return Sample(f"{image}-{turn}", images, prompt, target, f"turn {turn}", facts=facts, cluster=image)

    def layout(self, facts: Mapping[str, Any]) -> str:
        image, turn = facts["img_id"], facts["turn"]
        return f"{image}/{image}_1.png" if turn == "1" else f"{image}/{image}_inde_{turn}.png"
