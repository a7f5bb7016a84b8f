import numpy as np
import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.images import checksum, to_pixels, to_rgb
from g2tr.models.bagel.transforms import Resize, preset, to_patches

VAE = Resize(1024, 512, 16)
PRESETS = ("official_eval", "inferencer")
# width, height; ViT tokens of official_eval, of inferencer, of the inferencer's ViT rule alone; latent tokens
COUNTS = (
    (224, 224, 729, 1369, 256, 1024),
    (336, 336, 729, 1369, 576, 1024),
    (512, 384, 999, 1813, 999, 1376),
    (512, 512, 1369, 1369, 1369, 1024),
    (640, 480, 1564, 1813, 1564, 1376),
    (626, 418, 1350, 2035, 1350, 1536),
    (1536, 1405, 4480, 4480, 4480, 3776),
    (384, 640, 1242, 2257, 1242, 1696),
    (1024, 768, 3640, 3640, 3640, 3072),
    (1024, 1024, 4900, 4900, 4900, 4096),
    (3000, 3000, 4900, 4900, 4900, 4096),
    (1920, 1080, 2730, 2730, 2730, 2304),
)
ODD_SIZES = ((4000, 10), (10, 4000), (1, 1), (1, 5000), (3000, 1), (981, 979), (1025, 3), (7, 100_000))
WHITE, RED = (255, 255, 255), (255, 0, 0)


def cells(size: tuple[int, int], side: int) -> int:
    return (size[0] // side) * (size[1] // side)


@pytest.mark.parametrize("width, height, evaluated, inferred, alone, latents", COUNTS)
def test_each_preset_gives_the_published_number_of_tokens(
    width: int, height: int, evaluated: int, inferred: int, alone: int, latents: int
) -> None:
    assert cells(preset("official_eval", VAE, None).vit_size(width, height), 14) == evaluated
    assert cells(preset("inferencer", VAE, None).vit_size(width, height), 14) == inferred
    assert cells(Resize(980, 224, 14).size(width, height), 14) == alone
    assert cells(VAE.size(width, height), 16) == latents


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("size", ODD_SIZES)
def test_an_image_of_any_shape_fits_the_position_tables(name: str, size: tuple[int, int]) -> None:
    rules = preset(name, VAE, None)
    for sides, stride, limit in ((rules.vit_size(*size), 14, 70), (rules.vae.size(*size), 16, 64)):
        assert all(side % stride == 0 and 1 <= side // stride <= limit for side in sides)


def test_a_checkpoint_may_state_its_own_vit_rule() -> None:
    assert all(preset(name, VAE, Resize(140, 56, 14)).vit == Resize(140, 56, 14) for name in PRESETS)


def test_only_the_inferencer_resizes_before_the_vit() -> None:
    image = Image.new("RGB", (224, 224))
    assert preset("official_eval", VAE, None).vit_image(image).size == (378, 378)
    assert preset("inferencer", VAE, None).vit_image(image).size == (518, 518)


def test_an_image_of_the_right_size_is_not_resampled() -> None:
    image = Image.effect_noise((512, 512), 50).convert("RGB")
    assert VAE(image) is image


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(InputError, match="unknown preprocess 'chat'; there are inferencer and official_eval"):
        preset("chat", VAE, None)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I;16B"])
def test_images_of_every_common_mode_become_rgb_of_the_same_size(mode: str) -> None:
    converted = to_rgb(Image.new(mode, (5, 3)))
    assert (converted.mode, converted.size) == ("RGB", (5, 3))


def palette_image() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([*RED, 0, 255, 0])
    image.putdata([0, 1])
    image.info["transparency"] = 1
    return image


def keyed_image() -> Image.Image:
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), (0, 255, 0))
    image.info["transparency"] = (0, 255, 0)
    return image


def alpha_image() -> Image.Image:
    image = Image.new("RGBA", (2, 1), (*RED, 255))
    image.putpixel((1, 0), (0, 255, 0, 0))
    return image


@pytest.mark.parametrize("image", [palette_image(), keyed_image(), alpha_image()], ids=["palette", "key", "alpha"])
def test_transparent_pixels_are_laid_over_white(image: Image.Image) -> None:
    assert [to_rgb(image).getpixel((x, 0)) for x in (0, 1)] == [RED, WHITE]


def test_half_transparent_grey_is_mixed_with_white() -> None:
    assert to_rgb(Image.new("LA", (1, 1), (0, 128))).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bit_greys_are_scaled_and_not_clipped(order: str) -> None:
    image = Image.fromarray(np.array([[0, 257 * 100, 65535]], dtype=order))
    assert [to_rgb(image).getpixel((x, 0)) for x in range(3)] == [(0, 0, 0), (100, 100, 100), WHITE]


@pytest.mark.parametrize("mode, size", [("F", (4, 4)), ("I", (4, 4)), ("RGB", (0, 4)), ("RGB", (4, 0))])
def test_images_without_pixels_or_without_a_fixed_range_are_refused(mode: str, size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"mode {mode} and size") as caught:
        to_rgb(Image.new(mode, size))
    assert "\n" not in str(caught.value)


def test_pixels_lie_between_minus_one_and_one() -> None:
    assert to_pixels(Image.new("RGB", (1, 1), (0, 255, 51))).flatten().tolist() == pytest.approx([-1, 1, -0.6])


def test_a_patch_lists_rows_then_columns_then_channels() -> None:
    r, c = torch.meshgrid(torch.arange(28), torch.arange(42), indexing="ij")
    pixels = torch.stack([r * 1000 + c * 10 + channel for channel in range(3)]).float()
    patches = to_patches(pixels, 14)
    assert patches.shape == (6, 588)
    assert patches[4, (5 * 14 + 3) * 3 + 2] == (14 + 5) * 1000 + (14 + 3) * 10 + 2


def test_the_checksum_tells_pixels_apart_and_nothing_else() -> None:
    image = Image.effect_noise((9, 7), 50).convert("RGB")
    changed = image.copy()
    changed.putpixel((3, 3), (1, 2, 3))
    assert checksum(image) == checksum(image.copy()) != checksum(changed)
