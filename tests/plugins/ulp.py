"""Option `--ulp exp,log`: these functions give the next larger float, as on another processor.

Mathematical libraries differ in the last bit of transcendental functions, between processors and versions. A test that
passes plainly and fails under this option rests on the last bit of the machine that wrote it. Tensor functions, methods
and operators are changed; powers that are computed by multiplication or as a square root are exact and stay.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch

FUNCTIONS = {
    "exp": ("exp", "exp_"),
    "log": ("log", "log_"),
    "pow": ("pow", "pow_", "__pow__", "__ipow__"),
    "sin": ("sin", "sin_"),
    "cos": ("cos", "cos_"),
    "rsqrt": ("rsqrt", "rsqrt_"),
}
EXACT = (0, 0.5, 1, 2, 3, -1, -2)

Function = Callable[..., Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ulp", default="", help=f"functions that come out one unit in the last place larger: {NAMES}")


def pytest_configure(config: pytest.Config) -> None:
    names = [name for name in config.getoption("--ulp").split(",") if name]
    unknown = sorted(set(names) - set(FUNCTIONS))
    if unknown:
        raise pytest.UsageError(f"--ulp takes {NAMES}, got {', '.join(unknown)}")
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    for name in names:
        for attribute in FUNCTIONS[name]:
            for owner in (torch, torch.Tensor):
                if hasattr(owner, attribute):
                    patch.setattr(owner, attribute, larger(getattr(owner, attribute), attribute))


def larger(function: Function, name: str) -> Function:
    """The same function, whose float32 and float64 tensors are one unit in the last place larger."""

    def changed(*args: Any, **options: Any) -> Any:
        found = function(*args, **options)
        if "pow" in name and is_exact(args[1] if len(args) > 1 else options.get("exponent")):
            return found
        if not isinstance(found, torch.Tensor) or found.dtype not in (torch.float32, torch.float64):
            return found
        step = next_step(found.detach())
        return found.add_(step) if name.endswith("_") and name != "__pow__" else found + step

    return changed


def next_step(x: torch.Tensor) -> torch.Tensor:
    """From each element to the smallest float above it; 0 for what is not finite."""
    above = torch.nextafter(x, torch.full_like(x, float("inf")))
    return torch.where(x.isfinite() & above.isfinite(), above - x, 0.0)


def is_exact(exponent: object) -> bool:
    """Whether a power is a product, a quotient or a square root."""
    return isinstance(exponent, int | float) and exponent in EXACT


NAMES = ", ".join(FUNCTIONS)
