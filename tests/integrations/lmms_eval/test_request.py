from typing import Any

import pytest
from PIL import Image

from g2tr.errors import InputError
from g2tr.integrations.lmms_eval.request import Request

GRAY = Image.new("RGB", (4, 2), "gray")


def request(visuals: Any = (GRAY,), text: str = "what is it ?", **settings: Any) -> Request:
    arguments = (text, settings, lambda document: document, 0, "pope", "test")
    return Request.of(arguments, {"pope": {"test": [visuals]}})


def test_image_markers_are_no_part_of_the_prompt() -> None:
    assert request(text="<image>\n<image>what differs ?").prompt == "what differs ?"


def test_requests_with_the_same_pixels_and_limits_belong_together() -> None:
    key = request().key()
    assert request([GRAY.copy()], "is it gray ?").key() == key
    others = [request([GRAY, GRAY]), request([Image.new("RGB", (2, 4), "gray")]), request(max_new_tokens=2)]
    assert len({key, *(other.key() for other in others)}) == 4


def test_palettes_tell_images_apart() -> None:
    red, blue = (Image.new("RGB", (2, 2), name).quantize(2) for name in ("red", "blue"))
    assert red.tobytes() == blue.tobytes()
    assert request([red]).key() != request([blue]).key()


@pytest.mark.parametrize(
    ("until", "expected"),
    [("c", "ab"), (["d", "b"], "a"), (["\n\n"], "abc\n\nd"), ([""], "abc\n\nd"), (["\n"], "abc"), ([], "abc\n\nd")],
)
def test_an_answer_is_cut_at_until_but_not_at_the_few_shot_delimiter(until: Any, expected: str) -> None:
    assert request(until=until).cut("abc\n\nd") == expected


@pytest.mark.parametrize(
    ("settings", "samples"),
    [
        ({}, False),
        ({"temperature": 0, "do_sample": False, "num_beams": 1, "top_p": 1.0}, False),
        ({"temperature": None, "num_beams": None}, False),
        ({"temperature": 0.2}, True),
        ({"do_sample": True}, True),
        ({"num_beams": 3}, True),
    ],
)
def test_only_greedy_settings_are_no_sampling(settings: dict[str, Any], samples: bool) -> None:
    assert request(**settings).samples is samples


@pytest.mark.parametrize("visuals", [[], None])
def test_a_request_without_images_is_refused(visuals: Any) -> None:
    with pytest.raises(InputError, match="pope-0: no image; g2tr reduces visual tokens"):
        request(visuals).images()


@pytest.mark.parametrize("visual", ["clip.mp4", {"array": [0.0], "sampling_rate": 16000}])
def test_a_video_or_sound_is_refused(visual: Any) -> None:
    with pytest.raises(InputError, match="pope-0: g2tr reads images .*no video, audio or file path"):
        request([GRAY, visual]).images()


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(InputError, match="pope-0: empty prompt"):
        request(text=" <image>\n")
