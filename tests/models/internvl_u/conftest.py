"""The recorded model, its tensors, and a checkpoint folder made of it."""

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from g2tr.models.internvl_u.autoencoder import build_vae, to_single_frame
from g2tr.models.internvl_u.codec import LatentCodec
from g2tr.models.internvl_u.decoder import GenerationDecoder
from g2tr.models.internvl_u.decoder_config import read_decoder_config
from g2tr.models.internvl_u.flow import Sampling
from g2tr.models.internvl_u.load import load_internvl_u
from g2tr.models.internvl_u.model import InternVLU
from g2tr.models.internvl_u.random import random_internvl_u
from tests.models.internvl_u.published import decoder_config, write_checkpoint
from tests.models.internvl_u.times import feed_recorded_waves
from tests.models.internvl_u.weights import SEEDS, draw_images, draw_weights

SHIPPED = Path(__file__).parents[2] / "golden" / "internvlu_tiny"


@pytest.fixture(scope="module", autouse=True)
def calm() -> Iterator[None]:
    """One thread, because more would only wait for each other on tensors this small; and true float32 on a GPU."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def golden() -> dict[str, Tensor]:
    """The recorded tensors and images by their official names."""
    return {**load_file(SHIPPED / "golden_fp32.safetensors"), **draw_images()}


@pytest.fixture(scope="session")
def golden_config() -> dict[str, Any]:
    """Configurations and special ids of the recording."""
    return json.loads((SHIPPED / "golden_fp32.json").read_text())


@pytest.fixture(scope="session")
def tiny_weights(golden_config: dict[str, Any]) -> dict[str, dict[str, Tensor]]:
    """The recorded weights of `vlm`, `generation_decoder` and `vae` under their official names."""
    return {part: draw_weights(part, golden_config) for part in SEEDS}


@pytest.fixture(scope="session")
def checkpoint(
    golden_config: dict[str, Any],
    tiny_weights: dict[str, dict[str, Tensor]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The recorded model as a folder in the published layout; read only, copy it to change it."""
    return write_checkpoint(tmp_path_factory.mktemp("internvl_u"), golden_config, tiny_weights)


@pytest.fixture(scope="session")
def decoder(
    golden_config: dict[str, Any], tiny_weights: dict[str, dict[str, Tensor]], device: torch.device
) -> GenerationDecoder:
    """The recorded generation decoder in float32, fed the recorded sinusoids of the time."""
    config = read_decoder_config(decoder_config(golden_config), Path("generation_decoder/config.json"))
    module = GenerationDecoder(config).eval().requires_grad_(False)
    module.load_state_dict(tiny_weights["generation_decoder"])
    return feed_recorded_waves(module.to(device))


@pytest.fixture(scope="session")
def library_codec(
    golden_config: dict[str, Any], tiny_weights: dict[str, dict[str, Tensor]], device: torch.device
) -> LatentCodec:
    """The recorded autoencoder in float32, as the library builds it."""
    vae = build_vae(golden_config["vae"])
    vae.load_state_dict(tiny_weights["vae"])
    return LatentCodec.of(vae.to(device))


@pytest.fixture(scope="session")
def codec(library_codec: LatentCodec) -> LatentCodec:
    """The recorded autoencoder in its single-frame form."""
    return LatentCodec.of(to_single_frame(copy.deepcopy(library_codec.vae)))


@pytest.fixture
def folder(checkpoint: Path, tmp_path: Path) -> Path:
    """A checkpoint to spoil."""
    return Path(shutil.copytree(checkpoint, tmp_path / "internvl_u"))


@pytest.fixture(scope="session")
def recorded(checkpoint: Path, device: torch.device) -> InternVLU:
    """The recorded model in float32, fed the recorded sinusoids of the time."""
    model = load_internvl_u(str(checkpoint), dtype="float32", device=str(device))
    feed_recorded_waves(model.parts.require_drawer().decoder)
    return model


@pytest.fixture(scope="session")
def drawn(device: torch.device) -> InternVLU:
    """The model with random weights: 64 tokens per image, 6 layers."""
    return random_internvl_u(device=str(device), sampling=Sampling(steps=2))
