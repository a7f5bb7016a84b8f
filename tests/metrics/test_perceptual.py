from pathlib import Path

import pytest
import torch
from PIL import Image

from g2tr.errors import InputError
from g2tr.metrics.perceptual import ClipImage, Dino, Lpips, Perceptual, perceptual_grades

RED, BLUE = (Image.new("RGB", (40, 32), color) for color in ("red", "blue"))


@pytest.mark.parametrize(("metric", "name"), [(ClipImage, "clip"), (Dino, "dino")])
def test_an_image_is_like_itself_and_less_like_another(
    networks: Path, metric: type[ClipImage | Dino], name: str
) -> None:
    alike = metric(str(networks / name))
    assert isinstance(alike, Perceptual)
    assert alike(RED, RED) == pytest.approx(1.0, abs=1e-5)
    assert alike(RED, BLUE) < 0.99999
    assert alike(RED, BLUE) == pytest.approx(alike(BLUE, RED))


def test_a_key_names_the_network() -> None:
    keys = [metric.key for metric in (ClipImage(), Dino("/weights/dino-vits16"), Lpips("vgg"))]
    assert keys == ["clip_i:clip-vit-base-patch32", "dino:dino-vits16", "lpips:vgg"]


def test_every_metric_is_reported_under_its_key(networks: Path) -> None:
    metrics = (ClipImage(str(networks / "clip")), Dino(str(networks / "dino")))
    assert set(perceptual_grades(metrics, RED, BLUE)) == {"clip_i:clip", "dino:dino"}
    assert perceptual_grades((), RED, BLUE) == {}


def test_weights_that_are_not_there_are_named_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot load .*nothing") as refused:
        Dino(str(tmp_path / "nothing"))(RED, BLUE)
    assert "\n" not in str(refused.value)


def test_weights_are_never_pickles(networks: Path, tmp_path: Path) -> None:
    for file in (networks / "dino").iterdir():
        if file.suffix == ".json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    torch.save({}, tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match="safetensors"):
        Dino(str(tmp_path))(RED, BLUE)


def test_lpips_says_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("torchmetrics.functional.image.learned_perceptual_image_patch_similarity", raising=False)
    with pytest.raises(InputError, match="torchvision"):
        Lpips()(RED, BLUE)


def test_pictures_of_a_few_pixels_are_compared(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny = Image.new("RGB", (3, 5), "red")
    for metric in (ClipImage(str(networks / "clip")), Dino(str(networks / "dino"))):
        assert metric(tiny, RED) == pytest.approx(1.0, abs=1e-5)
    seen: list[tuple[int, ...]] = []

    def lpips(y: torch.Tensor, t: torch.Tensor, **_: object) -> torch.Tensor:
        seen.extend((tuple(y.shape), tuple(t.shape)))
        return torch.tensor(0.0)

    monkeypatch.setattr("torchmetrics.functional.image.learned_perceptual_image_patch_similarity", lpips, raising=False)
    assert Lpips()(tiny, tiny) == 0.0
    assert seen == [(1, 3, 55, 33)] * 2


def test_lpips_is_given_values_from_nought_to_one_and_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def lpips(y: torch.Tensor, t: torch.Tensor, net_type: str, normalize: bool) -> torch.Tensor:
        assert (net_type, normalize) == ("vgg", True)
        return (y - t).abs().max()

    monkeypatch.setattr("torchmetrics.functional.image.learned_perceptual_image_patch_similarity", lpips, raising=False)
    assert Lpips("vgg")(RED, BLUE) == 1.0
