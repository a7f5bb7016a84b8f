"""What several tests of training share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from g2tr.cli.train import train

Train = Callable[..., Path]
SMALL = (
    *("recipe.autoencoder.steps=3", "recipe.umm.steps=5", "recipe.pictures.batch=2", "recipe.pictures.crop=32"),
    *("recipe.lessons.batch=2", "recipe.lessons.edit_batch=2", "recipe.lessons.edits=[0.5,0.5]"),
    *("recipe.check_every=1000", "recipe.exam.scenes=1", "recipe.exam.edits=1", "recipe.sampling.num_timesteps=2"),
)


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors on busy cores: a second thread mostly waits."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def run_train(compose: Callable[..., DictConfig]) -> Train:
    """`g2tr train` into a folder, with overrides; returns the run folder."""

    def run(outputs: Path, *overrides: str) -> Path:
        return train(compose(f"outputs={outputs}", *overrides, config_name="train"))

    return run
