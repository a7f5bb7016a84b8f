"""Every answer is worked out a second time, from the question's words and the list of things alone."""

import re
from random import Random

import pytest

from g2tr.scenes.questions import at, color, digit, exist, relation, shape
from g2tr.scenes.scene import Background, Scene, Thing
from g2tr.scenes.versions import V1
from g2tr.scenes.words import COLOURS, NUMBERS

ROW = {number: i for i, number in enumerate(NUMBERS[1:])}
EMPTY_CORNER = Scene(
    (224, 224),
    Background("teal"),
    (
        Thing(0, 0, "circle", "red", label="4"),
        Thing(1, 1, "circle", "blue", radius=14),
        Thing(3, 2, "star", "red", dy=-6),
    ),
)


def named(scene: Scene, text: str) -> list[Thing]:
    """The things that a question names, in the order of their names."""
    pairs = re.findall(rf"({'|'.join(COLOURS)}) (circle|square|triangle|star|cross|ring|moon|diamond|sign)", text)
    return [next(t for t in scene.things if (t.colour, t.shape) == pair) for pair in pairs]


def oracle(scene: Scene, category: str, text: str) -> str:
    """The answer to a v1 question."""
    words = text.split()
    match category:
        case "exist":
            return "yes" if any(f"is there a {t.colour} {t.shape} ?" == text for t in scene.things) else "no"
        case "color":
            (thing,) = [t for t in scene.things if t.shape == words[4]]
            return thing.colour
        case "shape":
            (thing,) = [t for t in scene.things if t.colour == words[3]]
            return thing.shape
        case "at":
            cell = (ROW[words[4]], ROW[words[6]])
            return next((f"{t.colour} {t.shape}" for t in scene.things if (t.row, t.column) == cell), "nothing")
        case "countshape" | "countcolor":
            return NUMBERS[sum(words[2] in (t.shape, t.colour) for t in scene.things)]
        case "digit":
            return NUMBERS[int(named(scene, text)[0].label)]
        case "relation":
            one, other = named(scene, text)
            gap = {
                "left": other.x - one.x,
                "right": one.x - other.x,
                "above": other.y - one.y,
                "below": one.y - other.y,
            }
            distance = next(gap[word] for word in words if word in gap)
            assert abs(distance) >= 20
            return "yes" if distance > 0 else "no"
        case "size":
            return "yes" if words[4] == ("large" if named(scene, text)[0].radius > 18 else "small") else "no"
    return scene.background.colour


@pytest.mark.parametrize("world", ["simple", "rich"])
def test_answers_are_what_the_scene_says(world: str, request: pytest.FixtureRequest) -> None:
    rng, seen = Random(1), set()
    for scene in request.getfixturevalue(world):
        for category, text, answer in V1.questions(scene, rng):
            assert oracle(scene, category, text) == answer, text
            seen.add((category, answer))
    assert {answer for category, answer in seen if category == "exist"} == {"yes", "no"}
    assert {category for category, _ in seen} == {ask.__name__ for ask in V1.asks}


def test_a_question_is_left_out_where_the_scene_does_not_allow_it() -> None:
    crowd = EMPTY_CORNER.without(lambda thing: thing.shape == "star").changed(lambda thing: thing.reshaped("ring"))
    assert color(crowd, Random(0)) is None and digit(crowd, Random(0)) is None
    assert shape(EMPTY_CORNER.without(lambda thing: thing.colour == "blue"), Random(0)) is None


def test_unique_names_are_asked_for() -> None:
    assert color(EMPTY_CORNER, Random(0)) == ("what color is the star ?", "red")
    assert shape(EMPTY_CORNER, Random(0)) == ("what shape is blue ?", "circle")
    assert digit(EMPTY_CORNER, Random(0)) == ("what digit is on the red circle ?", "four")


def test_centres_closer_than_20_px_are_not_compared() -> None:
    near = Scene((224, 224), Background("gray"), (Thing(0, 0, "ring", "red", dx=6), Thing(1, 0, "moon", "red", dx=-6)))
    asked = {relation(near, Random(i)) for i in range(40)}
    assert {text.split()[4] for text, _ in filter(None, asked)} == {"above", "below"}


def test_three_in_four_places_are_occupied_and_half_the_objects_exist() -> None:
    places = [at(EMPTY_CORNER, Random(i)) for i in range(2000)]
    assert sum(each is not None and each.answer == "nothing" for each in places) / 2000 == pytest.approx(0.25, abs=0.03)
    found = [exist(EMPTY_CORNER, Random(i)) for i in range(2000)]
    assert sum(each is not None and each.answer == "yes" for each in found) / 2000 == pytest.approx(0.5, abs=0.03)


def test_the_caption_names_things_in_raster_order() -> None:
    turned = Scene((224, 224), Background("gray"), tuple(reversed(EMPTY_CORNER.things)))
    words = "large red circle one one four small blue circle two two large red star four three"
    assert turned.caption == EMPTY_CORNER.caption == words
