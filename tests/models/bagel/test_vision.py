import torch
from PIL.Image import Image

from g2tr.images import to_pixels
from g2tr.models.bagel.model import Bagel
from g2tr.models.bagel.transforms import to_patches
from g2tr.models.engine.attention import attend_sdpa
from g2tr.models.engine.layout import grid_positions


def sincos(side: int, width: int) -> torch.Tensor:
    """[sin | cos] of the column, then of the row, at ω_k = 10000^(-k/(width/4))."""
    rates = 10_000 ** (-torch.arange(width // 4, dtype=torch.float64) / (width // 4))
    angles = torch.arange(side, dtype=torch.float64)[:, None] * rates
    waves = torch.cat([angles.sin(), angles.cos()], dim=1)
    return torch.cat([waves.repeat(side, 1), waves.repeat_interleave(side, 0)], dim=1)


def test_position_tables_encode_the_column_and_then_the_row(bagel: Bagel) -> None:
    network, config = bagel.parts.network, bagel.parts.network.config
    for table, side in ((network.vit_pos_embed, config.vit_side), (network.latent_pos_embed, config.latent_side)):
        found = table(grid_positions((side, side), side, bagel.parts.device)).cpu()
        assert torch.allclose(found.double(), sincos(side, config.language.hidden_size), atol=1e-6)


def test_images_in_one_pass_do_not_see_each_other(bagel: Bagel, picture: Image) -> None:
    parts = bagel.parts
    images = [parts.preset.vit_image(image) for image in (picture, picture.rotate(90, expand=True))]
    patches = [to_patches(to_pixels(image), 14).to(parts.device) for image in images]
    places = [grid_positions((image.height // 14, image.width // 14), 10, parts.device) for image in images]
    counts = [len(one) for one in patches]
    together = parts.network.vit(torch.cat(patches), torch.cat(places), counts, attend_sdpa).split(counts)
    for one, place, features in zip(patches, places, together, strict=True):
        assert torch.allclose(parts.network.vit(one, place, [len(one)], attend_sdpa), features, atol=1e-5)


def test_every_patch_sees_the_whole_image(bagel: Bagel, picture: Image) -> None:
    changed = picture.copy()
    changed.putpixel((0, 0), (255, 0, 255))
    before, after = (bagel.parts.encode_vit(image).features for image in (picture, changed))
    assert (before != after).any(dim=-1).all()
