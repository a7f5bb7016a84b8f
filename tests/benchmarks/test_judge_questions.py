import io

import pytest
from PIL import Image

from g2tr.benchmarks.judge_questions import JudgeQuestion
from g2tr.benchmarks.sample import Sample
from g2tr.errors import InputError
from g2tr.images import ImageSource


def source(width: int) -> ImageSource:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 10)).save(buffer, "PNG")
    return ImageSource(buffer.getvalue())


SAMPLE = Sample("a", (source(1), source(2)), "edit it", source(3), "kind")
EDIT = Image.new("RGB", (9, 9))


@pytest.mark.parametrize(
    ("shows", "widths"),
    [
        (("edit",), [9]),
        (("inputs", "edit"), [1, 2, 9]),
        (("input", "edit", "target"), [1, 9, 3]),
        (("target",), [3]),
        (("input:1", "edit", "input:0"), [2, 9, 1]),
    ],
)
def test_pictures_come_in_the_order_that_was_asked_for(shows: tuple[str, ...], widths: list[int]) -> None:
    assert [picture.width for picture in JudgeQuestion("n", shows, ("s",)).pictures(SAMPLE, EDIT)] == widths


def test_an_edit_can_be_brought_to_the_size_of_its_input() -> None:
    assert JudgeQuestion("n", ("edit",), ("s",), fit=True).pictures(SAMPLE, EDIT)[0].size == (1, 10)


def test_an_unreadable_input_is_named() -> None:
    broken = Sample("a", (ImageSource(b"x"),), "edit it", None, "kind")
    with pytest.raises(InputError, match="unreadable image"):
        JudgeQuestion("n", ("inputs", "edit"), ("s",)).pictures(broken, EDIT)
