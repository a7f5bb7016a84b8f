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
