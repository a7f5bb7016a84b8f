from pathlib import Path

import pytest
from PIL import Image

from g2tr.errors import InputError
from g2tr.metrics.captions import ClipCaptions
from g2tr.metrics.networks import clip_reader

RED, BLUE = (Image.new("RGB", (40, 32), color) for color in ("red", "blue"))


@pytest.fixture
def clip(networks: Path) -> str:
    return str(networks / "clip")


def test_an_edit_is_compared_with_the_caption_and_its_change_with_that_of_captions(clip: str) -> None:
    measure = ClipCaptions(clip)
    there, back = measure(RED, BLUE, "a b", "c d"), measure(BLUE, RED, "c d", "a b")
    assert set(there) == {"clip_out:clip", "clip_dir:clip"}
    assert there["clip_dir:clip"] == pytest.approx(back["clip_dir:clip"], abs=1e-5)
    assert measure(RED, BLUE, "c d", "a b")["clip_dir:clip"] == pytest.approx(-there["clip_dir:clip"], abs=1e-5)
    assert all(-1 <= value <= 1 for value in there.values())


def test_nothing_changed_is_no_direction(clip: str) -> None:
    assert ClipCaptions(clip)(RED, RED, "a", "b")["clip_dir:clip"] == 0.0
    assert set(ClipCaptions(clip)(RED, BLUE, "a", "a")) == {"clip_out:clip"}


def test_a_long_caption_is_cut(clip: str) -> None:
    assert clip_reader(clip, "cpu")("a b c d e f " * 9).shape == (8,)


def test_weights_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot load .*nothing"):
        ClipCaptions(str(tmp_path / "nothing"))(RED, BLUE, "a", "b")
