import json
from random import Random

import pytest

from g2tr.assets import ASSETS
from g2tr.errors import InputError
from g2tr.scenes.pairs import Pair
from g2tr.scenes.scene import Scene
from g2tr.scenes.versions import V1, V2
from g2tr.scenes.words import CONSONANTS, SIGNS, spell, vocabulary
from g2tr.scenes.world import World


def texts(on: World, scenes: list[Scene]) -> set[str]:
    """Every word of captions, questions, answers and instructions."""
    rng, said = Random(0), ["describe", "nothing"]
    for scene in scenes:
        said += [scene.caption, *(part for asked in on.questions(scene, rng) for part in asked[1:])]
        said += [edit.instruction for edit in (change(scene, rng) for change in on.changes) if edit]
        found: list[Pair | None] = [compare(scene, scene, rng) for compare in on.compares]
        said += [part for pair in found if pair for part in pair[1:]]
    return {word for text in said for word in text.split(" ")}


def test_the_first_vocabulary_is_that_of_the_embedded_tokenizer() -> None:
    table = json.loads((ASSETS / "bagel_tiny" / "tokenizer.json").read_text())["model"]["vocab"]
    words = vocabulary("v1")
    assert [table[word] for word in words] == list(range(6, 75))


def test_later_vocabularies_begin_with_the_first() -> None:
    words = vocabulary("v2")
    assert words[: len(vocabulary("v1"))] == vocabulary("v1") and len(set(words)) == len(words)


def test_worlds_say_only_words_of_their_vocabulary(simple: list[Scene], rich: list[Scene]) -> None:
    assert texts(V1, simple) <= set(vocabulary("v1"))
    assert texts(V2, rich) <= set(vocabulary("v2"))


def test_an_unknown_version_is_named() -> None:
    with pytest.raises(InputError, match="'v9'"):
        vocabulary("v9")


def test_labels_are_said_as_digits_words_and_codes() -> None:
    assert [spell(label) for label in ("7", "cat", "ktw", "")] == ["seven", "cat", "k t w", ""]
    assert all(len(sign) == 3 and not set(sign) <= set(CONSONANTS) for sign in SIGNS)
