"""The recorded model, its tensors, and what our code makes of the same inputs."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor

from g2tr.models.bagel.load import load_bagel
from g2tr.models.bagel.model import Bagel
from tests.models.bagel.published import write_checkpoint
from tests.models.bagel.replay import replay

SHIPPED = Path(__file__).parents[2] / "golden" / "bagel_tiny"


@dataclass(frozen=True, eq=False)
class Golden:
    """A recorded folder: its facts, and its tensors by their official names."""

    folder: Path
    facts: Mapping[str, Any]
    tensors: Mapping[str, Tensor]

    @classmethod
    def read(cls, folder: Path) -> "Golden":
        facts = json.loads((folder / "golden_fp32.json").read_text())
        return cls(folder, facts, load_file(folder / "golden_fp32.safetensors"))

    def image(self, letter: str) -> Image.Image:
        return Image.fromarray(self.tensors[f"inputs.img{letter}_rgb"].numpy())


@contextmanager
def plain_arithmetic() -> Iterator[None]:
    """One thread, because more would only wait for each other on tensors this small; and true float32 on a GPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module", autouse=True)
def calm() -> Iterator[None]:
    with plain_arithmetic():
        yield


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Golden:
    """The full recorded set where `--golden` names one, else the shipped part of it."""
    return Golden.read(request.config.getoption("--golden") or SHIPPED)


@pytest.fixture(scope="session")
def checkpoint(golden: Golden, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded model as a folder in the published layout; read only, copy it to change it."""
    return write_checkpoint(tmp_path_factory.mktemp("bagel"), golden.folder, golden.facts)


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to spoil: own copies of the configuration, links to the weights."""
    for file in checkpoint.iterdir():
        if file.suffix == ".json":
            shutil.copy(file, tmp_path)
        else:
            (tmp_path / file.name).symlink_to(file.resolve())
    return tmp_path


@pytest.fixture(scope="session")
def bagel(checkpoint: Path, device: torch.device) -> Bagel:
    """The recorded model in float32."""
    return load_bagel(str(checkpoint), dtype="float32", device=str(device))


@pytest.fixture(scope="session")
def replayed(golden: Golden, bagel: Bagel) -> dict[str, Tensor]:
    """What our code makes of the recorded inputs, under the recorded names."""
    a, b = golden.image("A"), golden.image("B")
    with plain_arithmetic():
        found = replay(bagel.parts, a, b, golden.facts["prompt"], golden.facts["instruction"])
    return {name: tensor.cpu() for name, tensor in found.items()}


@pytest.fixture(scope="session")
def picture(golden: Golden) -> Image.Image:
    """Image A of the recording, 120 x 90 pixels: 54 ViT tokens."""
    return golden.image("A")
