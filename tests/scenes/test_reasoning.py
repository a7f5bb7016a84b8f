from dataclasses import replace
from random import Random

from g2tr.scenes.reasoning import clear, removelargest, rewrite, side, swap
from g2tr.scenes.scene import Background, Scene, Thing
from g2tr.scenes.words import SIGNS

RED, BLUE, STAR, SIGN = (
    Thing(0, 0, "circle", "red", dx=5, label="4"),
    Thing(1, 3, "square", "blue", radius=14, label="7"),
    Thing(2, 2, "star", "red", dy=-9),
    Thing(3, 1, "sign", "pink", label="cat"),
)
SCENE = Scene((224, 224), Background("olive", "planes", 0.4), (RED, BLUE, STAR, SIGN))


def test_the_largest_digit_is_removed() -> None:
    edit = removelargest(SCENE, Random(0))
    assert edit == ("remove the object with the largest digit", replace(SCENE, things=(RED, STAR, SIGN)))


def test_a_colour_that_several_have_is_cleared() -> None:
    edit = clear(SCENE, Random(0))
    assert edit == ("remove all red objects", replace(SCENE, things=(BLUE, SIGN)))
    assert clear(SCENE.without(lambda thing: thing is RED), Random(0)) is None


def test_swapped_things_change_places_and_keep_their_looks_and_order() -> None:
    for i in range(12):
        edit = swap(SCENE, Random(i))
        assert edit
        moved = [(a, b) for a, b in zip(SCENE.things, edit.scene.things, strict=True) if a != b]
        (one, one_after), (other, other_after) = moved
        assert (one_after.x, one_after.y, other_after.x, other_after.y) == (other.x, other.y, one.x, one.y)
        assert [t.kind for t in edit.scene.things] == [t.kind for t in SCENE.things]
        assert {one.name, other.name} == set(edit.instruction.removeprefix("swap the ").split(" and the "))


def test_everything_beyond_the_mark_takes_the_colour_and_nothing_else() -> None:
    told = {edit.instruction: edit.scene for edit in (side(SCENE, Random(i)) for i in range(400)) if edit}
    painted = told["make everything left of the star cyan"]
    assert [t.colour for t in painted.things] == ["cyan", "blue", "red", "cyan"]
    assert [t.colour for t in told["make everything below of the square green"].things] == [
        *("red", "blue", "green", "green"),
    ]
    assert not any("right of the square" in text for text in told)


def test_things_near_the_line_leave_it_undrawn() -> None:
    near = SCENE.swapped(BLUE, replace(BLUE, row=2, dy=0))
    told = [edit.instruction for edit in (side(near, Random(i)) for i in range(400)) if edit]
    assert told and not any("above of the star" in text or "below of the star" in text for text in told)


def test_another_word_is_written() -> None:
    edit = rewrite(SCENE, Random(3))
    assert edit
    label = edit.scene.things[3].label
    assert edit.instruction == f"change the word on the pink sign to {label}" and label in SIGNS and label != "cat"
    assert rewrite(SCENE.without(lambda thing: thing is SIGN), Random(0)) is None
