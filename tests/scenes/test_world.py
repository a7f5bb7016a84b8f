import io
from collections import Counter
from itertools import groupby
from random import Random

import pytest
from PIL import Image

from g2tr.assets import ASSETS
from g2tr.models.bagel.load import load_bagel
from g2tr.reducers.importance.norm import Norm
from g2tr.reducers.merge.drop import Drop
from g2tr.reducers.reducer import Reducer
from g2tr.reducers.selection.topk import TopK
from g2tr.scenes.dataset import generate
from g2tr.scenes.scene import Scene
from g2tr.scenes.versions import V1, V2
from g2tr.scenes.words import DARK, SIGNS


def test_the_embedded_model_answers_fresh_scenes_of_the_first_world() -> None:
    model = load_bagel(str(ASSETS / "bagel_tiny"), name="bagel_tiny", dtype="float32")
    everything = Reducer(Norm(), TopK(), Drop(), keep_ratio=1.0)
    right = []
    for _, group in groupby(generate("v1", 41, 12), key=lambda row: row["image"]["path"]):
        rows = list(group)
        image = Image.open(io.BytesIO(rows[0]["image"]["bytes"]))
        outcomes = model.answers([image], [row["question"] for row in rows], everything, 8)
        right += [outcome.output == row["answer"] for outcome, row in zip(outcomes, rows, strict=True)]
    assert len(right) > 100 and sum(right) / len(right) >= 0.98


def test_the_first_world_is_drawn_as_described(simple: list[Scene]) -> None:
    things = [thing for scene in simple for thing in scene.things]
    assert {len(scene.things) for scene in simple} == {3, 4, 5, 6}
    assert {thing.radius for thing in things} == {14, 23} and {thing.dx for thing in things} == set(range(-6, 7))
    assert {thing.shape for thing in things if thing.label} == {"circle", "square"}
    assert len({thing.colour for thing in things}) == 8 and len({thing.shape for thing in things}) == 8
    assert {scene.background.texture for scene in simple} == {"plain", "stripes", "checks", "ramp", "dots"}


def test_named_things_are_unique_and_apart(simple: list[Scene], rich: list[Scene]) -> None:
    for scene in (*simple, *rich):
        assert len(scene.kinds) == len(scene.occupied) == len(scene.things)
        assert set(scene.occupied) <= set(scene.cells) and set(scene.occupied).isdisjoint(scene.free)


def test_the_second_world_has_words_codes_and_crowds(rich: list[Scene]) -> None:
    labels = [thing.label for scene in rich for thing in scene.things if thing.shape == "sign"]
    words = [label for label in labels if label in SIGNS]
    assert 0.3 < len(words) / len(labels) < 0.7
    assert all(len(set(label)) == 3 and label.isalpha() for label in labels if label not in SIGNS)
    assert sum(len(scene.things) for scene in rich) / len(rich) > 9
    assert {scene.size for scene in rich} == set(V2.sizes)


@pytest.mark.parametrize("on", [V1, V2])
def test_question_types_are_drawn_alike(on: object, simple: list[Scene]) -> None:
    world = V1 if on is V1 else V2
    counts = Counter(asked.category for scene in simple[:60] for asked in world.some_questions(scene, Random(1), 20))
    assert set(counts) <= {ask.__name__ for ask in world.asks} and min(counts[kind] for kind in ("at", "bg")) > 30


def test_labels_are_white_on_dark_colours_only() -> None:
    assert {"red", "green", "blue", "purple"} == DARK
