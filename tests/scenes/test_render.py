"""The renderer against the shipped pictures.

The scenes below were recovered from the pixels of `editing.parquet` by a search over backgrounds and things; so were
95 of its 96 inputs, to within one grey level, and from them the targets of all 95 edits.
"""

import io
from random import Random

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from g2tr.assets import ASSETS
from g2tr.errors import InputError
from g2tr.scenes.edits import Edit
from g2tr.scenes.render import pictures, render, to_images
from g2tr.scenes.scene import Background, Scene, Thing
from g2tr.scenes.versions import V1

RECOVERED = {
    "edit-003-move": (
        Background("olive", "checks", 0.261276),
        Thing(0, 0, "cross", "purple", 14, -4, -1),
        Thing(1, 1, "circle", "yellow", 23, 0, -4, "2"),
        Thing(1, 2, "diamond", "purple", 23, 5, -3),
        Thing(1, 3, "diamond", "green", 14, 2, 2),
        Thing(2, 2, "moon", "red", 23, 4, 4),
        Thing(3, 0, "diamond", "pink", 23, 0, 6),
    ),
    "edit-005-bg": (
        Background("teal", "stripes", 0.45683),
        Thing(0, 1, "moon", "green", 23, 1, -2),
        Thing(1, 3, "square", "yellow", 23, -4, -2, "8"),
        Thing(3, 2, "circle", "yellow", 14, 0, -6),
        Thing(3, 3, "diamond", "pink", 23, -5, 4),
    ),
    "edit-012-reshape": (
        Background("teal", "dots", 0.80792),
        Thing(0, 0, "diamond", "blue", 14, -3, -4),
        Thing(0, 2, "circle", "yellow", 23, 4, -4, "1"),
        Thing(1, 3, "ring", "purple", 23, 1, 0),
        Thing(3, 1, "square", "blue", 14, -3, 4, "6"),
    ),
    "edit-026-add": (
        Background("gray", "ramp", 0.96974),
        Thing(0, 2, "circle", "pink", 23, -4, -5, "5"),
        Thing(1, 3, "circle", "blue", 14, -2, 2, "8"),
        Thing(3, 2, "cross", "blue", 14, 1, 4),
    ),
    "edit-040-recolor": (
        Background("maroon", "dots", 0.0657),
        Thing(1, 2, "diamond", "red", 23, 3, 2),
        Thing(2, 0, "ring", "purple", 23, -5, -1),
        Thing(2, 1, "star", "red", 23, 5, -4),
        Thing(2, 2, "circle", "green", 14, -5, -3, "8"),
        Thing(3, 3, "triangle", "orange", 14, -4, -6),
    ),
    "edit-063-resize": (
        Background("beige", "checks", 0.16579),
        Thing(0, 1, "moon", "orange", 14, 1, -2),
        Thing(1, 2, "star", "blue", 14, -1, -3),
        Thing(2, 2, "diamond", "orange", 14, -2, -4),
        Thing(3, 3, "ring", "purple", 14, -5, -4),
    ),
    "edit-081-remove": (
        Background("navy", "ramp", 0.77448),
        Thing(0, 3, "circle", "red", 23, -2, -2, "3"),
        Thing(1, 1, "ring", "yellow", 23, 3, 5),
        Thing(1, 3, "star", "cyan", 23, -5, -4),
        Thing(2, 2, "square", "green", 23, -1, -1),
        Thing(2, 3, "moon", "pink", 14, 5, -1),
        Thing(3, 1, "cross", "purple", 23, -5, 1),
    ),
    "edit-086-digit": (
        Background("gray", "plain"),
        Thing(0, 3, "square", "purple", 23, 0, -1, "9"),
        Thing(3, 1, "square", "orange", 14, 5, -6, "4"),
        Thing(3, 2, "square", "blue", 23, 1, -5, "6"),
    ),
}


def scene_of(name: str) -> Scene:
    background, *things = RECOVERED[name]
    assert isinstance(background, Background)
    return Scene((224, 224), background, tuple(thing for thing in things if isinstance(thing, Thing)))


def levels(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("RGB")).astype(int)


def told(scene: Scene, category: str, instruction: str) -> Edit:
    """The edit that this instruction means, found by drawing until it comes up."""
    (change,) = [change for change in V1.changes if change.__name__ == category]
    rng = Random(0)
    edits = (change(scene, rng) for _ in range(50_000))
    return next(edit for edit in edits if edit and edit.instruction == instruction)


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, dict[str, bytes] | str]]:
    return {row["id"]: row for row in pq.read_table(ASSETS / "scenes" / "editing.parquet").to_pylist()}


@pytest.mark.parametrize("name", RECOVERED)
def test_shipped_pictures_and_their_edits_are_painted_again(name: str, shipped: dict[str, dict]) -> None:
    row, scene = shipped[name], scene_of(name)
    edit = told(scene, row["category"], row["instruction"])
    for painted, kept in zip(pictures([scene, edit.scene]), (row["image"], row["target"]), strict=True):
        assert abs(levels(painted) - levels(Image.open(io.BytesIO(kept["bytes"])))).max() <= 1


def test_a_picture_does_not_depend_on_its_batch(simple: list[Scene], rich: list[Scene], device: torch.device) -> None:
    square = [scene for scene in rich if scene.size == (224, 224)]
    for scenes in (simple[:40], square):
        whole = render(scenes, device)
        alone = torch.cat([render([scene], device) for scene in scenes])
        assert whole.shape == (len(scenes), 3, 224, 224) and torch.equal(whole, alone)


def test_later_things_lie_on_earlier_ones_and_labels_on_their_own() -> None:
    low, high = Thing(1, 1, "circle", "red", label="1"), Thing(1, 2, "square", "cyan", dx=-56)
    (over,) = render([Scene((224, 224), Background("gray"), (low, high))])
    (under,) = render([Scene((224, 224), Background("gray"), (high, low))])
    centre = (slice(None), 84, 84)
    assert over[centre].tolist() == pytest.approx([60 / 255, 210 / 255, 220 / 255])
    assert under[centre].tolist() == [1, 1, 1]


def test_pictures_keep_their_order_and_sizes(rich: list[Scene]) -> None:
    drawn = pictures(rich[:10])
    assert [picture.size for picture in drawn] == [scene.size[::-1] for scene in rich[:10]]
    assert drawn[7].tobytes() == to_images(render([rich[7]]))[0].tobytes()


def test_an_empty_scene_is_its_background() -> None:
    (image,) = render([Scene((56, 112), Background("navy"), ())])
    assert image.shape == (3, 56, 112)
    assert image.flatten(1).unique(dim=1).flatten().tolist() == pytest.approx([35 / 255, 40 / 255, 90 / 255])


def test_specks_stay_few_small_and_away_from_clean_backgrounds() -> None:
    clean, strewn = (Scene((224, 224), Background("gray", "plain", 0.7, clutter), ()) for clutter in (0.0, 0.5))
    before, after = render([clean, strewn])
    assert 0.02 < (before != after).any(0).float().mean() < 0.12
    assert torch.equal(render([clean])[0], before)


def test_a_batch_has_one_size(simple: list[Scene], rich: list[Scene]) -> None:
    with pytest.raises(InputError, match="one size"):
        render([simple[0], next(scene for scene in rich if scene.size != (224, 224))])
    with pytest.raises(InputError, match="got 0"):
        render([])
