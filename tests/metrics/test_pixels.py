import numpy as np
import pytest
from PIL import Image

from g2tr.metrics.pixels import pixel_grades


def grey(value: int, size: tuple[int, int] = (16, 16)) -> Image.Image:
    return Image.fromarray(np.full((size[1], size[0], 3), value, dtype=np.uint8))


def test_distances_of_uniform_images_are_known() -> None:
    grades = pixel_grades(grey(51), grey(102))
    assert grades["l1"] == pytest.approx(0.2)
    assert grades["l2"] == pytest.approx(0.04)
    assert grades["psnr"] == pytest.approx(13.979, abs=1e-3)


def test_identical_images_have_no_distance() -> None:
    assert pixel_grades(grey(7), grey(7)) == {"l1": 0.0, "l2": 0.0, "psnr": 100.0, "ssim": pytest.approx(1.0)}


def test_half_an_image_counts_half() -> None:
    half = grey(0)
    half.paste(grey(255, (16, 8)))
    grades = pixel_grades(half, grey(0))
    assert (grades["l1"], grades["l2"]) == (0.5, 0.5)


def test_the_result_is_brought_to_the_size_of_the_other_image() -> None:
    assert pixel_grades(grey(51, (40, 20)), grey(51))["l1"] == 0.0


@pytest.mark.parametrize("size", [(4, 4), (1, 1), (1, 30), (5, 6)])
def test_pictures_of_a_few_pixels_are_graded(size: tuple[int, int]) -> None:
    assert pixel_grades(grey(7, size), grey(7, size)) == {"l1": 0.0, "l2": 0.0, "psnr": 100.0, "ssim": pytest.approx(1)}
    assert pixel_grades(grey(0, size), grey(255, size))["ssim"] < 0.01


def test_a_copy_of_what_the_model_sees_has_no_distance() -> None:
    values = np.arange(2 * 48 * 64, dtype=np.uint16).reshape(96, 64)
    deep, eight = Image.fromarray(257 * (values % 256)), Image.fromarray((values % 256).astype(np.uint8))
    clear, white = Image.new("RGBA", (16, 16), (30, 30, 30, 0)), grey(255)
    for edit, seen in ((eight, deep), (white, clear)):
        assert pixel_grades(edit, seen)["psnr"] == 100.0
