from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from g2tr.benchmarks.sample import Sample, limited
from g2tr.benchmarks.scenes import SceneQuestions
from g2tr.errors import InputError
from g2tr.images import MAX_PIXELS, ImageSource


def sample(name: str, *sources: ImageSource) -> Sample:
    return Sample(name, sources, "what ?", "that", "kind")


def test_equal_images_make_one_group_and_order_matters() -> None:
    a, b = ImageSource(b"a"), ImageSource(b"b")
    assert sample("1", a, b).group == sample("2", a, b).group != sample("3", b, a).group


def test_an_unreadable_image_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    for source in (
        ImageSource(b"\x89PNG broken"),
        ImageSource(tmp_path / "broken.png"),
        ImageSource(tmp_path / "no.png"),
    ):
        with pytest.raises(InputError, match=r"^unreadable image: .+$"):
            source.open()


def test_an_image_beyond_the_pixel_bound_is_refused(tmp_path: Path) -> None:
    Image.new("1", (MAX_PIXELS // 8000 + 1, 8000)).save(tmp_path / "huge.png")
    with pytest.raises(InputError, match="pixels"):
        ImageSource(tmp_path / "huge.png").open()


def test_a_limit_takes_the_first_samples() -> None:
    samples = [sample(str(i)) for i in range(5)]
    assert limited(samples, 2) == samples[:2]
    assert limited(samples, None) == samples


@pytest.mark.parametrize("limit", [0, -1, True])
def test_a_limit_that_is_no_count_is_refused(limit: int) -> None:
    with pytest.raises(InputError, match="limit must be"):
        SceneQuestions(limit=limit).samples()


def test_an_empty_benchmark_is_refused() -> None:
    with pytest.raises(InputError, match="zero samples"):
        limited([], None)


def test_a_limit_never_parts_a_cluster() -> None:
    samples = [replace(sample(str(i)), cluster=cluster) for i, cluster in enumerate("abacab")]
    assert [s.id for s in limited(samples, 4)] == ["0", "2", "4"]
    assert [s.id for s in limited(samples, 5)] == ["0", "1", "2", "4", "5"]
    assert [s.id for s in limited(samples, 1)] == ["0", "2", "4"]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"])
def test_the_usual_formats_are_read(form: str, tmp_path: Path) -> None:
    Image.new("RGB", (5, 3), (200, 0, 0)).save(tmp_path / "x", form)
    assert ImageSource(tmp_path / "x").open().size == ImageSource((tmp_path / "x").read_bytes()).open().size == (5, 3)


def test_pictures_find_each_other_by_their_bytes_or_by_their_paths() -> None:
    keys = [ImageSource(content).key for content in (b"a", b"b", Path("a.png"), Path("b.png"))]
    assert len(set(keys)) == 4
    assert keys == [ImageSource(content).key for content in (b"a", b"b", Path("a.png"), Path("b.png"))]
