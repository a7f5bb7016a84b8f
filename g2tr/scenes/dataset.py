"""A benchmark of scenes: version, seed and size decide every byte.

Rows have the form of the embedded Parquet files: `id, image, question, answer, category` for understanding and
`id, image, instruction, target, category` for editing, an image being `{bytes, path}`. A world that asks about two
images has a list `images`, of one or two, in place of `image`.
"""

import io
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from PIL import Image

from g2tr.errors import InputError
from g2tr.scenes.draws import draw_edits, draw_pairs
from g2tr.scenes.render import pictures
from g2tr.scenes.versions import world
from g2tr.scenes.world import World, category

Picture = Mapping[str, bytes | str]
Row = Mapping[str, Any]


def generate(version: str, seed: int, size: int, task: str = "understanding") -> list[Row]:
    """The rows of a benchmark.

    understanding: `size` scenes, each asked one question of every category that it allows; where the world asks about
    two images, as many pairs besides, with one question each. editing: `size` edits, the types in turn. Rows about
    one image share its object. Raises `InputError` for an unknown version or task, or a size below 1.
    """
    on = world(version)
    if size < 1:
        raise InputError(f"size={size}: a benchmark needs at least one scene")
    match task:
        case "understanding":
            return [*single_rows(on, seed, size), *pair_rows(on, seed, size if on.compares else 0)]
        case "editing":
            return list(edit_rows(on, seed, size))
    raise InputError(f"unknown task {task!r}; there are understanding and editing")


def single_rows(on: World, seed: int, size: int) -> Iterator[Row]:
    """Every scene with its questions."""
    rngs = dice(on, seed, "scene", size)
    scenes = on.scenes(rngs, [rng.choice(on.sizes) for rng in rngs])
    for i, (scene, rng, drawn) in enumerate(zip(scenes, rngs, pictures(scenes), strict=True)):
        image = picture(drawn, f"scene-{i:03d}.png")
        for kind, text, answer in on.questions(scene, rng):
            yield question_row(on, f"scene-{i:03d}-{kind}", [image], text, answer, kind)


def pair_rows(on: World, seed: int, size: int) -> Iterator[Row]:
    """Pairs of scenes with one question each, the types in turn."""
    rngs = dice(on, seed, "pair", size)
    compares = [on.compares[i % len(on.compares)] for i in range(size)]
    pairs = draw_pairs(on, rngs, [rng.choice(on.sizes) for rng in rngs], compares)
    drawn = iter(pictures([scene for pair in pairs for scene in pair.scenes]))
    for i, (pair, compare) in enumerate(zip(pairs, compares, strict=True)):
        images = [picture(next(drawn), f"pair-{i:03d}-{place}.png") for place in ("first", "second")]
        kind = category(compare)
        yield question_row(on, f"pair-{i:03d}-{kind}", images, pair.text, pair.answer, kind)


def edit_rows(on: World, seed: int, size: int) -> Iterator[Row]:
    """Scenes before and after an edit, the types in turn."""
    rngs = dice(on, seed, "edit", size)
    changes = [on.changes[i % len(on.changes)] for i in range(size)]
    edits = draw_edits(on, rngs, [rng.choice(on.edit_sizes) for rng in rngs], changes)
    before = pictures([drawn.before for drawn in edits])
    after = pictures([drawn.edit.scene for drawn in edits])
    for i, (drawn, change) in enumerate(zip(edits, changes, strict=True)):
        kind = category(change)
        yield {
            "id": f"edit-{i:03d}-{kind}",
            "image": picture(before[i], f"edit-{i:03d}-input.png"),
            "instruction": drawn.edit.instruction,
            "target": picture(after[i], f"edit-{i:03d}-target.png"),
            "category": kind,
        }


def question_row(on: World, name: str, images: list[Picture], text: str, answer: str, kind: str) -> Row:
    """A question about one image or two."""
    shown: Row = {"images": images} if on.compares else {"image": images[0]}
    return {"id": name, **shown, "question": text, "answer": answer, "category": kind}


def picture(image: Image.Image, path: str) -> Picture:
    """An image as it stands in a row: PNG bytes and a file name."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return {"bytes": buffer.getvalue(), "path": path}


def dice(on: World, seed: int, kind: str, size: int) -> list[Random]:
    """The chance of every sample: the same in every process, whatever other samples there are."""
    return [Random(f"{on.version} {seed} {kind} {i}") for i in range(size)]
