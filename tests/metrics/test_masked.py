import pytest
from PIL import Image

from g2tr.metrics.masked import allowed, masked_grades

BLACK, GREY = (Image.new("RGB", (8, 4), shade) for shade in ((0, 0, 0), (51, 51, 51)))


def half(mode: str, left: object, right: object) -> Image.Image:
    """A picture of two halves, at twice the size of the others."""
    image = Image.new(mode, (16, 8), right)  # type: ignore[arg-type]
    image.paste(left, (0, 0, 8, 8))  # type: ignore[call-overload]
    return image


@pytest.mark.parametrize("mask", [half("L", 255, 0), half("RGBA", (9, 9, 9, 0), (9, 9, 9, 255))])
def test_an_edit_may_change_what_is_white_or_transparent(mask: Image.Image) -> None:
    assert allowed(mask, (8, 4)).tolist() == [[True] * 4 + [False] * 4] * 4


def test_each_side_of_a_mask_is_graded_alone() -> None:
    result = BLACK.copy()
    result.paste(GREY.crop((0, 0, 4, 4)), (0, 0))
    mask = half("L", 255, 0)
    assert masked_grades(result, BLACK, mask, inside=False) == {"outside_l1": 0.0, "outside_psnr": 100.0}
    inside = masked_grades(result, BLACK, mask, inside=True)
    assert inside == pytest.approx({"inside_l1": 0.2, "inside_psnr": 13.979400})


def test_a_mask_without_an_outside_has_no_grade_for_it() -> None:
    assert masked_grades(GREY, BLACK, Image.new("L", (8, 4), 255), inside=False) == {}
