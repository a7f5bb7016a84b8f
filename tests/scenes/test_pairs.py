from random import Random

from g2tr.scenes.pairs import missing, same, surplus, which
from g2tr.scenes.scene import Scene
from g2tr.scenes.words import NUMBERS


def test_images_are_the_same_or_differ_in_one_thing(rich: list[Scene]) -> None:
    answers = []
    for i, scene in enumerate(rich):
        pair = same(scene, rich[0], Random(i))
        if pair is None:
            continue
        first, second = pair.scenes
        changed = len(set(first.things) ^ set(second.things))
        assert first is scene and pair.answer == ("yes" if changed == 0 else "no") and changed <= 2
        answers.append(pair.answer)
    assert 0.3 < answers.count("yes") / len(answers) < 0.7


def test_the_missing_object_is_the_only_difference(rich: list[Scene]) -> None:
    for i, scene in enumerate(rich):
        pair = missing(scene, rich[0], Random(i))
        assert pair
        (gone,) = set(pair.scenes[0].things) - set(pair.scenes[1].things)
        assert gone.name == pair.answer and set(pair.scenes[1].things) < set(scene.things)


def test_extra_objects_are_counted(rich: list[Scene]) -> None:
    for i, (first, second) in enumerate(zip(rich, rich[5:], strict=False)):
        pair = surplus(first, second, Random(i))
        if pair:
            colour = pair.text.split()[3]
            here, there = (sum(t.colour == colour for t in scene.things) for scene in (first, second))
            assert here > 0 and pair.answer == NUMBERS[here - there]


def test_the_image_with_the_object_is_named(rich: list[Scene]) -> None:
    seen = set()
    for i in range(300):
        first, second = Random(i).sample(rich, 2)
        pair = which(first, second, Random(i))
        assert pair
        name = pair.text.removeprefix("which image has a ").removesuffix(" ?")
        holds = tuple(any(t.name == name for t in scene.things) for scene in (first, second))
        assert holds == {"first": (1, 0), "second": (0, 1), "both": (1, 1), "neither": (0, 0)}[pair.answer]
        seen.add(pair.answer)
    assert seen == {"first", "second", "both", "neither"}
