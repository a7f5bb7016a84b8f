"""Scenes of both worlds that several files look at."""

from collections.abc import Iterator
from random import Random

import pytest
import torch

from g2tr.scenes.scene import Scene
from g2tr.scenes.threads import one_thread
from g2tr.scenes.versions import V1, V2


@pytest.fixture(scope="package", autouse=True)
def calm() -> Iterator[None]:
    """One thread, so that the tests stay quick where other work shares the cores."""
    with one_thread(torch.device("cpu")):
        yield


@pytest.fixture(scope="session")
def simple() -> list[Scene]:
    return V1.scenes([Random(f"simple {i}") for i in range(120)], [(224, 224)] * 120)


@pytest.fixture(scope="session")
def rich() -> list[Scene]:
    sizes = [V2.sizes[i % len(V2.sizes)] for i in range(60)]
    return V2.scenes([Random(f"rich {i}") for i in range(60)], sizes)
