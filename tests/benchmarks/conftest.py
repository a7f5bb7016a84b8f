"""Where the tiny editing benchmarks of the tests lie."""

from pathlib import Path

import pytest

from g2tr.benchmarks.sources.dataset import Dataset

EDITS = Path(__file__).parents[1] / "data/edits"
SCORES = Path(__file__).parents[1] / "data/scores"


@pytest.fixture
def tiny() -> dict[str, Dataset]:
    """A data set of each editing benchmark in its published format."""
    places = {path.stem: path for path in EDITS.iterdir() if path.name != "README.md"}
    return {name: Dataset(str(path)) for name, path in places.items()}
