import re
from random import Random

import pytest
import torch

from g2tr.scenes.edits import add, bg, digit, move, recolor, remove, reshape, resize
from g2tr.scenes.render import render
from g2tr.scenes.scene import Background, Scene, Thing
from g2tr.scenes.versions import V1, V2

SCENE = Scene(
    (224, 224),
    Background("navy", "stripes", 0.3),
    (Thing(0, 0, "circle", "red", dx=3, label="4"), Thing(1, 1, "square", "blue", radius=14, label="2")),
)


def difference(before: Scene, after: Scene) -> set[Thing]:
    """The things that only one of two scenes has."""
    return set(before.things) ^ set(after.things)


@pytest.mark.parametrize("world", [V1, V2])
def test_pixels_away_from_the_changed_things_stay(world: object, simple: list[Scene], rich: list[Scene]) -> None:
    rng = Random(3)
    for scene, change in zip(simple if world is V1 else rich, (V1 if world is V1 else V2).changes * 4, strict=False):
        edit = change(scene, rng)
        if edit is None or change is bg:
            continue
        before, after = render([scene, edit.scene])
        x, y = (torch.arange(side) for side in reversed(scene.size))
        near = torch.zeros(scene.size, dtype=torch.bool)
        for thing in difference(scene, edit.scene):
            near |= ((x - thing.x).abs() <= thing.reach) & ((y[:, None] - thing.y).abs() <= thing.reach)
        assert not (before != after).any(0)[~near].any(), edit.instruction
        assert (before != after).any()


def test_each_edit_does_what_it_says() -> None:
    red, blue = SCENE.things
    text, after = recolor(SCENE, Random(1)) or pytest.fail()
    assert re.fullmatch(r"make the (red circle|blue square) \w+", text) and len(difference(SCENE, after)) == 2
    text, after = remove(SCENE, Random(0)) or pytest.fail()
    assert after.things == tuple(t for t in SCENE.things if t.name != text.removeprefix("remove the "))
    text, after = add(SCENE, Random(0)) or pytest.fail()
    new = after.things[-1]
    assert after.things[:2] == (red, blue) and (new.dx, new.dy, new.label) == (0, 0, "")
    text, after = move(SCENE, Random(0)) or pytest.fail()
    assert [t.kind for t in after.things] == [red.kind, blue.kind] and len(set(t.cell for t in after.things)) == 2
    text, after = resize(SCENE, Random(0)) or pytest.fail()
    assert {t.radius for t in difference(SCENE, after)} == {14, 23}
    text, after = bg(SCENE, Random(0)) or pytest.fail()
    assert after.things == SCENE.things and (after.background.texture, after.background.phase) == ("stripes", 0.3)
    text, after = digit(SCENE, Random(0)) or pytest.fail()
    assert len({t.label for t in difference(SCENE, after)}) == 2


def test_a_digit_stays_only_on_circles_and_squares() -> None:
    circle = SCENE.things[0]
    assert circle.reshaped("square").label == "4" and circle.reshaped("moon").label == ""
    assert Thing(0, 0, "sign", "red", label="cat").reshaped("circle").label == ""
    assert all(edit and edit.scene.kinds for edit in (reshape(SCENE, Random(i)) for i in range(20)))


def test_full_scenes_take_no_more() -> None:
    things = tuple(Thing(i // 4, i % 4, "star", colour) for i, colour in enumerate(("red", "green", "blue")))
    assert add(Scene((224, 224), Background("gray"), things, limit=3), Random(0)) is None


def test_named_things_stay_unique(simple: list[Scene]) -> None:
    rng = Random(5)
    for scene in simple:
        for change in V1.changes:
            edit = change(scene, rng)
            assert edit is None or len(edit.scene.kinds) == len(edit.scene.occupied) == len(edit.scene.things)
