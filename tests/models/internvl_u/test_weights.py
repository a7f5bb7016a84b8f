from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.models.internvl_u.published import FILES

Weights = dict[str, dict[str, Tensor]]


@pytest.mark.parametrize(
    "part, tensors, numbers, total, last",
    [
        ("vlm", 75, 169_792, 856.7684264, 0.115587622),
        ("generation_decoder", 78, 784_448, 280.5271202, 0.091812730),
        ("vae", 146, 702_291, 876.3570023, -0.161921412),
    ],
)
def test_the_seeds_give_the_recorded_weights(
    tiny_weights: Weights, part: str, tensors: int, numbers: int, total: float, last: float
) -> None:
    values = list(tiny_weights[part].values())
    assert (len(values), sum(value.numel() for value in values)) == (tensors, numbers)
    assert sum(float(value.double().sum()) for value in values) == pytest.approx(total, abs=1e-3)
    assert float(values[-1].flatten()[-1]) == pytest.approx(last, abs=1e-6)


@pytest.mark.parametrize("name, total", [("pixel_values", 7241.2526544), ("pixel_values_gen", -494.4053462)])
def test_the_seed_gives_the_recorded_images(golden: dict[str, Tensor], name: str, total: float) -> None:
    assert float(golden[name].double().sum()) == pytest.approx(total, abs=1e-2)


def test_the_checkpoint_holds_the_recorded_model(checkpoint: Path, tiny_weights: Weights) -> None:
    for part, file in FILES.items():
        stored = load_file(checkpoint / part / file)
        assert all(torch.equal(stored[name], value) for name, value in tiny_weights[part].items())


def test_the_facts_are_strict_json(golden_config: dict[str, Any]) -> None:
    assert golden_config["scheduler"]["lambda_min_clipped"] is None


def test_all_recorded_tensors_together_stay_small() -> None:
    folder = Path(__file__).parents[2] / "golden"
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 7_950_000
