from typing import Any

import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.models.internvl_u.sizes import DynamicSize, fit, generated_size, vae_pixels

RULE = DynamicSize()


@pytest.mark.parametrize(
    "size, wanted, why",
    [
        ((512, 512), (512, 512), "nothing to do"),
        ((600, 700), (608, 704), "37.5 and 43.75 factors, rounded half to even and up"),
        ((1024, 1024), (1024, 1024), "both upper bounds exactly"),
        ((2048, 1024), (1024, 512), "the longer side comes down first"),
        ((1000, 1500), (688, 1024), "682.67 is cut to 682, and 42.6 factors are 43"),
        ((100, 100), (512, 512), "the area is too small: scaled by 5.12"),
        ((300, 500), (400, 672), "scaled by 1.32, sides rounded up"),
        ((64, 2000), (32, 1024), "down to 32 x 1024, up to 96 x 2912 for the area, down again to 33.8 x 1024"),
        ((96, 128), (448, 592), "scaled by 4.62 and rounded up: 27.7 and 37.0 factors"),
    ],
)
def test_sizes_by_hand(size: tuple[int, int], wanted: tuple[int, int], why: str) -> None:
    assert RULE(size) == wanted, why


def test_too_large_an_area_is_rounded_down() -> None:
    assert DynamicSize(max_side=4096)((1500, 1500)) == (1024, 1024)
    assert DynamicSize(max_side=4096)((1000, 1500)) == (832, 1248)  # 836.1 and 1254.1


@pytest.mark.parametrize("height, width", [(512, 512), (17, 1024), (4000, 333), (777, 1234), (1024, 1016)])
def test_sides_are_multiples_within_the_bounds(height: int, width: int) -> None:
    sides = RULE((height, width))
    assert all(side % 16 == 0 and 16 <= side <= 1024 for side in sides)
    assert sides[0] * sides[1] <= 1024**2
    assert RULE((width, height)) == sides[::-1]


@pytest.mark.parametrize("size", [(15, 100), (20, 4001), (16, 3000)])
def test_images_that_are_too_small_or_too_narrow_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match=f"an image of {size[1]} x {size[0]} pixels"):
        RULE(size)


def test_pixels_of_a_prepared_image() -> None:
    image = Image.new("RGB", (600, 400), (255, 0, 51))
    pixels = vae_pixels(image, RULE)
    assert pixels.shape == (3, *RULE((400, 600)))
    assert torch.allclose(pixels[:, 0, 0], torch.tensor([1.0, -1.0, -0.6]))


def test_an_image_of_the_right_size_is_not_resampled() -> None:
    noise = torch.randint(0, 256, (512, 512, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    pixels = vae_pixels(Image.fromarray(noise.numpy()), RULE)
    assert torch.equal(((pixels + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0), noise)


def test_a_requested_size_is_cut_for_generation_and_met_in_the_end() -> None:
    assert generated_size((500, 777)) == (496, 768)
    assert fit(Image.new("RGB", (768, 496)), (500, 777)).size == (777, 500)
    image = Image.new("RGB", (64, 48))
    assert fit(image, (48, 64)) is image
    with pytest.raises(InputError, match="cannot generate 512 x 10 pixels"):
        generated_size((10, 512))


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"factor": 24}, "sizes.factor must be a multiple of 16, got 24"),
        ({"factor": 0}, "sizes.factor must be a whole number above 0, got 0"),
        ({"max_side": -16}, "sizes.max_side must be a whole number above 0, got -16"),
        ({"min_pixels": 9, "max_pixels": 8}, "sizes.min_pixels must be at most max_pixels, got 9 and 8"),
        ({"max_side": 8}, "sizes.factor must fit its bounds, 1048576 pixels and sides of 8, got 16"),
    ],
)
def test_a_rule_that_no_image_can_meet_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DynamicSize(**wrong)
