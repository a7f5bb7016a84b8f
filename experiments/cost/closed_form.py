"""What halving the ViT tokens saves on BAGEL-7B and InternVL-U-4B, and what anchors cost, from their sizes alone.

Prints a Markdown table in TFLOPs (2 x multiply-accumulates). Sizes: the models' published configurations.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch

from g2tr.metrics.cost import block_flops, vit_flops
from g2tr.models.bagel.config import BagelConfig
from g2tr.models.bagel.config import LanguageConfig as BagelLanguage
from g2tr.models.bagel.config import VisionConfig as BagelVision
from g2tr.models.bagel.cost import model_shape as bagel_shape
from g2tr.models.bagel.vae import LatentCodec, encode_flops
from g2tr.models.internvl_u.autoencoder import encode_flops as qwen_encode_flops
from g2tr.models.internvl_u.config import InternVLUConfig, LanguageConfig, VisionConfig
from g2tr.models.internvl_u.cost import model_shape as internvl_shape
from g2tr.models.shapes import ModelShape
from g2tr.report.tables.table import Row, markdown

TEXT = 60  # rows of a question
BAGEL = BagelConfig(
    BagelLanguage(152_064, 3584, 18_944, 28, 28, 4), BagelVision(1152, 4304, 27, 16), vit_side=70, latent_side=64
)
INTERNVL_U = InternVLUConfig(
    VisionConfig(1024, 4096, 24, 16), LanguageConfig(151_936, 2048, 6144, 28, 16, 8, head_dim=128)
)
QWEN_VAE = {"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_scales": []}


@dataclass(frozen=True)
class Case:
    """A model on one image: visual tokens, and FLOPs of the VAE pass that anchors need."""

    name: str
    shape: ModelShape
    tokens: int
    anchors: int

    def row(self) -> Row:
        """What a question about the image takes, whole and with half the tokens."""
        vit = vit_flops(self.shape, self.tokens)
        full, half = (block_flops(self.shape.language, count + 2 + TEXT) for count in (self.tokens, self.tokens // 2))
        tera = {"ViT": vit, "prefill": full, "prefill, half": half, "anchors": self.anchors}
        return {
            "case": self.name,
            "ViT tokens": str(self.tokens),
            **{name: f"{value / 1e12:.3g}" for name, value in tera.items()},
            "prefill saved": f"{full / half:.2f}x",
            "with ViT": f"{(vit + full) / (vit + half):.2f}x",
            "with ViT and anchors": f"{(vit + full) / (vit + half + self.anchors):.2f}x",
        }


def cases() -> Iterator[Case]:
    """BAGEL at three image sizes, InternVL-U with the library's VAE, its exact 2-D form, and that on a smaller tile."""
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        blocks = (("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4, (128, 256, 512, 512))
        kinds = dict(zip(("down_block_types", "up_block_types", "block_out_channels"), blocks, strict=True))
        flux = AutoencoderKL(**kinds, layers_per_block=2, latent_channels=16, use_quant_conv=False)
    for side, tokens, latent in ((378, 27**2, 512), (512, 37**2, 512), (1024, 70**2, 1024)):
        anchors = encode_flops(LatentCodec(flux, BAGEL), (latent, latent))
        yield Case(f"BAGEL-7B, {side}²", bagel_shape(BAGEL, 2), tokens, anchors)
    for form, side, single in (("library VAE", 448, False), ("2-D VAE", 448, True), ("2-D VAE at 224²", 224, True)):
        anchors = qwen_encode_flops(QWEN_VAE, (side, side), single)
        yield Case(f"InternVL-U-4B, 448², {form}", internvl_shape(INTERNVL_U, 2), 256, anchors)


if __name__ == "__main__":
    print(markdown([case.row() for case in cases()]))
