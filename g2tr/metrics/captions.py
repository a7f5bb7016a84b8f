"""Whether an edit shows what a caption says, as CLIP sees it (Emu-Edit)."""

from dataclasses import dataclass
from pathlib import PurePath

import torch
from PIL import Image
from torch.nn.functional import normalize

from g2tr.metrics.networks import clip_eye, clip_reader


@dataclass(frozen=True)
class ClipCaptions:
    """CLIP-out and CLIP-dir with the CLIP `model`, a hub id or a folder.

    CLIP-out = cos(result, caption after). CLIP-dir = cos(result - source, caption after - caption before) of
    normalised embeddings, left out where both captions are the same: then there is no direction.
    """

    model: str = "openai/clip-vit-base-patch32"
    device: str = "cpu"

    def __call__(self, source: Image.Image, result: Image.Image, before: str, after: str) -> dict[str, float]:
        encode_image, read = clip_eye(self.model, self.device), clip_reader(self.model, self.device)
        name = PurePath(self.model).name
        x, y, a, b = (
            normalize(each, dim=0) for each in (encode_image(source), encode_image(result), read(before), read(after))
        )
        out = {f"clip_out:{name}": torch.dot(y, b).item()}
        if before == after:
            return out
        return out | {f"clip_dir:{name}": torch.cosine_similarity(y - x, b - a, dim=0).item()}
