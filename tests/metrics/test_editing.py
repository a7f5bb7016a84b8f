import numpy as np
import pytest
import torch
from PIL import Image

from g2tr.metrics.editing import agreement, edit_grades, preservation, psnr, ssim, success


def picture(left: int, right: int) -> Image.Image:
    """32 x 32 pixels, the left half of one grey, the right half of another."""
    values = np.full((32, 32, 3), left, dtype=np.uint8)
    values[:, 16:] = right
    return Image.fromarray(values)


def test_psnr_of_a_uniform_error_is_known() -> None:
    assert psnr(torch.zeros(3, 4, 4), torch.full((3, 4, 4), 0.1)) == pytest.approx(20.0)


def test_identical_images_have_a_finite_psnr() -> None:
    assert psnr(torch.ones(3, 4, 4), torch.ones(3, 4, 4)) == 100.0


def test_reaching_the_target_succeeds_and_preserves() -> None:
    grades = edit_grades(picture(0, 200), picture(0, 100), picture(0, 200))
    assert grades == {"success": 1.0, "psnr": 100.0, "ssim": pytest.approx(1.0), "preservation": 100.0}


def test_changing_nothing_fails_but_preserves() -> None:
    grades = edit_grades(picture(0, 100), picture(0, 100), picture(0, 200))
    assert grades["success"] == 0.0
    assert grades["preservation"] == 100.0


def test_success_needs_less_than_a_quarter_of_the_error_of_changing_nothing() -> None:
    source, target = torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)
    target[:, :4] = 0.8
    assert success(target - 0.41 * (target > 0), source, target) == 0.0
    assert success(target - 0.39 * (target > 0), source, target) == 1.0


def test_damage_outside_the_change_lowers_preservation_alone() -> None:
    source, target = torch.zeros(3, 8, 8), torch.zeros(3, 8, 8)
    target[:, :4] = 0.8
    result = target.clone()
    result[:, 4:] = 0.1
    assert success(result, source, target) == 1.0
    assert preservation(result, source, target) == pytest.approx(20.0)


def test_a_result_of_another_size_is_compared_at_the_size_of_the_target() -> None:
    assert edit_grades(picture(50, 50).resize((64, 64)), picture(50, 50), picture(50, 50))["psnr"] == 100.0


def test_agreement_compares_with_the_unreduced_edit() -> None:
    assert agreement(picture(0, 100), picture(0, 100))["agreement_psnr"] == 100.0
    assert agreement(picture(0, 100), picture(0, 120))["agreement_psnr"] < 30


@pytest.mark.parametrize("height", [5, 10, 11])
def test_a_small_image_is_compared_as_its_enlarged_self(height: int) -> None:
    a, b = torch.rand(2, 3, height, 20, generator=torch.Generator().manual_seed(0)).double()
    factor = -(-11 // height)
    large = (x.repeat_interleave(factor, 1).repeat_interleave(factor, 2) for x in (a, b))
    assert ssim(a, b) == pytest.approx(ssim(*large), abs=1e-9)
