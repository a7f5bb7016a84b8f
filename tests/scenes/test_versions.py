"""A version must not change: these numbers were written down when it was first used."""

import zlib
from random import Random

import pytest

from g2tr.errors import InputError
from g2tr.scenes.render import render
from g2tr.scenes.versions import V1, V2, world
from g2tr.scenes.world import World


@pytest.mark.parametrize(("on", "said", "seen"), [(V1, 3384917283, 0.54664), (V2, 53022536, 0.45286)])
def test_a_version_stays_what_it_was(on: World, said: int, seen: float) -> None:
    rngs = [Random(f"version {i}") for i in range(8)]
    scenes = on.scenes(rngs, [(224, 224)] * 8)
    asked = [on.questions(scene, rng) for scene, rng in zip(scenes, rngs, strict=True)]
    text = repr(([scene.caption for scene in scenes], [tuple(each) for own in asked for each in own]))
    assert zlib.crc32(text.encode()) == said
    assert render(scenes).mean().item() == pytest.approx(seen, abs=1e-4)


def test_worlds_are_found_by_version() -> None:
    assert world("v1") is V1 and world("v2") is V2
    with pytest.raises(InputError, match="there are v1, v2"):
        world("scenes")
