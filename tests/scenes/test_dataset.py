import hashlib
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image

from g2tr.errors import InputError
from g2tr.scenes.dataset import generate
from g2tr.scenes.versions import V1, V2
from g2tr.scenes.words import vocabulary

SCRIPT = """
import hashlib, json
from g2tr.scenes.dataset import generate
rows = [generate(version, 5, 4, task) for version in ("v1", "v2") for task in ("understanding", "editing")]
print(hashlib.sha256(json.dumps(rows, default=bytes.hex).encode()).hexdigest())
"""


def opened(image: Mapping[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(image["bytes"]))


def test_two_processes_generate_the_same_bytes() -> None:
    here = [generate(version, 5, 4, task) for version in ("v1", "v2") for task in ("understanding", "editing")]
    digest = hashlib.sha256(json.dumps(here, default=bytes.hex).encode()).hexdigest()
    there = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    assert there.stdout.strip() == digest


def test_a_smaller_benchmark_is_the_beginning_of_a_larger_one() -> None:
    assert generate("v2", 1, 6, "editing")[:3] == generate("v2", 1, 3, "editing")
    small = {row["id"]: row for row in generate("v2", 1, 2)}
    large = {row["id"]: row for row in generate("v2", 1, 4)}
    assert small.items() <= large.items() and len(small) < len(large)


def test_seeds_and_versions_differ() -> None:
    assert generate("v1", 1, 1)[0]["image"] != generate("v1", 2, 1)[0]["image"]
    assert generate("v1", 1, 1, "editing")[0]["target"] != generate("v2", 1, 1, "editing")[0]["target"]


def test_every_scene_is_asked_all_it_allows_and_its_image_is_held_once() -> None:
    rows = generate("v1", 3, 10)
    assert {row["category"] for row in rows} == {ask.__name__ for ask in V1.asks}
    assert len({id(row["image"]) for row in rows}) == 10 and len({row["id"] for row in rows}) == len(rows)
    assert opened(rows[0]["image"]).size == (224, 224) and rows[0]["image"]["path"] == "scene-000.png"


def test_edits_come_in_turn_and_differ_from_their_input() -> None:
    rows = generate("v2", 3, 13, "editing")
    assert [row["category"] for row in rows] == [change.__name__ for change in V2.changes]
    for row in rows:
        before, after = opened(row["image"]), opened(row["target"])
        assert before.size == after.size and before.tobytes() != after.tobytes()
        assert before.width % 112 == before.height % 112 == 0
        assert set(row["instruction"].split(" ")) <= set(vocabulary("v2"))


def test_the_second_world_asks_about_one_image_or_two() -> None:
    rows = generate("v2", 3, 8)
    pairs = [row for row in rows if row["id"].startswith("pair")]
    assert [row["category"] for row in pairs] == 2 * [compare.__name__ for compare in V2.compares]
    assert all(len(row["images"]) == 1 + (row in pairs) for row in rows)
    assert all(set(f"{row['question']} {row['answer']}".split(" ")) <= set(vocabulary("v2")) for row in rows)


@pytest.mark.parametrize(("version", "size", "task"), [("v3", 1, "editing"), ("v1", 0, "editing"), ("v1", 1, "chat")])
def test_bad_requests_are_named(version: str, size: int, task: str) -> None:
    with pytest.raises(InputError, match=r"v3|size=0|chat"):
        generate(version, 0, size, task)
