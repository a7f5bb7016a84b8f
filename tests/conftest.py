"""Options and fixtures that several test files share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hydra import compose as hydra_compose
from hydra import initialize_config_dir
from omegaconf import DictConfig
from PIL import Image

pytest_plugins = ["tests.plugins.ulp"]

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", type=Path, default=None, help="a full recorded bagel_tiny folder to check as well")
    parser.addoption("--peers", type=Path, default=None, help="checkouts of toolkits to compare scorers with")
    parser.addoption("--device", default="cpu", help="where model tests run: cpu or cuda")


def pytest_configure(config: pytest.Config) -> None:
    """One thread for each of several workers, and for the processes that they start: more would wait for each other."""
    if hasattr(config, "workerinput"):
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest) -> torch.device:
    return torch.device(request.config.getoption("--device"))


@pytest.fixture(scope="session", autouse=True)
def full_float32(device: torch.device) -> Iterator[None]:
    """Convolutions in float32 on a GPU: by default they round their inputs to 10 bits (TF32), an error of 2e-3."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32 = before


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in the tests reaches for the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WANDB_MODE", "offline")


@pytest.fixture(scope="session")
def bagel_tiny(device: torch.device) -> Any:
    """The embedded model in float32, sampling as it was trained."""
    from g2tr.models.bagel.flow import Sampling
    from g2tr.models.bagel.load import load_bagel

    sampling = Sampling(num_timesteps=25, shift=1.0, text_scale=1.0, image_scale=1.0)
    return load_bagel("embedded", "bagel_tiny", dtype="float32", device=str(device), sampling=sampling)


@pytest.fixture(scope="session")
def scene() -> Image.Image:
    """One image of the embedded benchmark."""
    from g2tr.benchmarks.scenes import SceneQuestions

    return SceneQuestions(limit=1).samples()[0].images[0].open()


@pytest.fixture(scope="session")
def compose() -> Callable[..., DictConfig]:
    """Composes a shipped configuration with overrides, as the command line does."""

    def composed(*overrides: str, config_name: str = "evaluate", return_hydra_config: bool = False) -> DictConfig:
        from g2tr.config import conf_dir

        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            return hydra_compose(config_name, list(overrides), return_hydra_config=return_hydra_config)

    return composed
