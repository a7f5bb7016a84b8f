from math import dist
from random import Random

from g2tr.scenes.reading import closest, code, largest, more, word
from g2tr.scenes.scene import Background, Scene, Thing

SCENE = Scene(
    (224, 336),
    Background("teal", "blobs", 0.2),
    (
        Thing(0, 0, "sign", "red", label="cat"),
        Thing(0, 4, "sign", "blue", label="ktw"),
        Thing(1, 1, "circle", "red", label="4"),
        Thing(3, 5, "square", "pink", label="8"),
        Thing(3, 2, "moon", "red", dx=4),
    ),
)


def without(label: str) -> Scene:
    return SCENE.without(lambda thing: thing.label == label)


def test_words_are_read_whole_and_codes_letter_by_letter() -> None:
    assert word(SCENE, Random(0)) == ("what word is on the red sign ?", "cat")
    assert code(SCENE, Random(0)) == ("what code is on the blue sign ?", "k t w")
    assert word(without("cat"), Random(0)) is None and code(without("ktw"), Random(0)) is None


def test_colours_are_compared_by_number() -> None:
    asked = {more(SCENE, Random(i)) for i in range(60)}
    assert ("are there more red objects than blue objects ?", "yes") in asked
    assert ("are there more pink objects than red objects ?", "no") in asked
    assert not any(each and "pink" in each.text and "blue" in each.text for each in asked)


def test_the_largest_digit_must_stand_alone() -> None:
    assert largest(SCENE, Random(0)) == ("what is the object with the largest digit ?", "pink square")
    assert largest(without("4"), Random(0)) is None
    twice = SCENE.changed(lambda thing: thing.reshaped("circle") if thing.label == "8" else thing)
    assert largest(twice.changed(lambda t: Thing(t.row, t.column, t.shape, t.colour, label="8")), Random(0)) is None


def test_the_closest_is_clearly_closest(rich: list[Scene]) -> None:
    for i, scene in enumerate(rich):
        asked = closest(scene, Random(i))
        if asked is None:
            continue
        thing = next(each for each in scene.things if asked.text == f"what is closest to the {each.name} ?")
        near = sorted((dist((t.x, t.y), (thing.x, thing.y)), t.name) for t in scene.things if t is not thing)
        assert near[0][1] == asked.answer and near[1][0] >= near[0][0] + 10
